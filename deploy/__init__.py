"""What takes the program to where it runs: files of Compose, Kubernetes, Prometheus and Grafana, and the release."""
