"""The application: settings, topics, sources, producer, engine, domain, the local stack and the command line."""
