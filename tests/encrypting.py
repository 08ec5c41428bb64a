"""Run by the Python that comes with LibreOffice: save a spreadsheet with a password.

Arguments: the name of the pipe at which LibreOffice listens, the password, the source, and the
targets, .ods or .xls.
"""

import sys
import time

import uno
from com.sun.star.beans import PropertyValue

FILTERS = {"ods": "calc8", "xls": "MS Excel 97"}


def options(**values):
    return tuple(PropertyValue(name, 0, value, 0) for name, value in values.items())


def desktop(pipe):
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext(
        "com.sun.star.bridge.UnoUrlResolver", local
    )
    for attempt in range(300):
        try:
            context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
            break
        except Exception:
            if attempt == 299:
                raise
            time.sleep(0.2)
    return context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)


def main(pipe, password, source, *targets):
    desk = desktop(pipe)
    document = desk.loadComponentFromURL(
        uno.systemPathToFileUrl(source), "_blank", 0, options(Hidden=True)
    )
    for target in targets:
        chosen = options(FilterName=FILTERS[target.rpartition(".")[2]], Password=password)
        document.storeToURL(uno.systemPathToFileUrl(target), chosen)
    document.close(True)


main(*sys.argv[1:])
