"""Tests without Kafka. They mirror the code, in a file of the same name; the pages, the bench and what is deployed
are tested here, too.
"""
