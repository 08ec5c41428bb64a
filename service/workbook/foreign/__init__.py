"""What people write in the Excel of another language, and what the file holds in its place.

A workbook's file is English whatever language its Excel speaks: names of functions, commas
between arguments, points in decimals, letters of number formats. Models that chat in German,
French or Spanish write these as that Excel shows them.
"""
