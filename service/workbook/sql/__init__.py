"""SQL over open workbooks: what may be asked, and the database that answers."""
