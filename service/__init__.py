"""The service behind the Excel tools of Open WebUI."""

__version__ = "0.1.0"
