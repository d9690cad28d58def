"""What watches a deployment, held to the code: queries of rules and dashboards, promtool, the page of metrics."""
