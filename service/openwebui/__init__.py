"""An Open WebUI somewhere else: putting the tool into it, and finding what is wrong."""
