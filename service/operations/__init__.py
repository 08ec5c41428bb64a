"""What can be done to a workbook: one module per noun, each operation declared once.

Importing the package declares all of them, in the order in which documents list them.
"""

# isort: off
from service.operations import files as files
from service.operations import describe as describe
from service.operations import cells as cells
from service.operations import queries as queries
from service.operations import transform as transform
from service.operations import formats as formats
from service.operations import rules as rules
from service.operations import tables as tables
from service.operations import sheets as sheets
from service.operations import charts as charts
from service.operations import pivots as pivots
from service.operations import annotations as annotations
from service.operations import csv_files as csv_files
from service.operations import exporting as exporting
from service.operations import databases as databases
from service.operations import reports as reports
from service.operations import preview as preview
from service.operations import history as history
from service.operations import explaining as explaining
from service.operations import steps as steps
