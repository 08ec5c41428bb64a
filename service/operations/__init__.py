"""What can be done to a workbook: one module per noun, each operation declared once.

Importing the package declares all of them, in the order in which documents list them.
"""

from service.operations import files as files
from service.operations import cells as cells
from service.operations import describe as describe
from service.operations import formats as formats
