"""What can be seen of the service at work: metrics, traces, and who asked for what.

Any layer may tell something here; nothing here knows of workbooks.
"""
