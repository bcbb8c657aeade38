"""The Pyodide bundle that workerd would download, built from the npm package `pyodide` for machines without internet."""
