"""Sheets as a page shows them: plain data of what a cell looks like, charts as drawings."""
