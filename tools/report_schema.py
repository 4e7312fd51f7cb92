"""Write the JSON Schema of reports, as it follows from the registry of figures, into the package.

python tools/report_schema.py
"""

from pathlib import Path

from collapse_stats.report.json_schema import SCHEMA_FILE, schema_text

if __name__ == "__main__":
    Path(str(SCHEMA_FILE)).write_text(schema_text(), "utf-8")
