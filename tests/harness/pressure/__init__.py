"""`make pressure`: memory and waiting under more load than one worker can take."""
