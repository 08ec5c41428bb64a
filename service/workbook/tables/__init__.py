"""Excel's tables in the open workbook: where they are, their columns, totals and filters."""
