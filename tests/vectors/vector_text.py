"""Writes the record files of this folder."""
import pathlib

HERE = pathlib.Path(__file__).resolve().parent


def write(name, source, records):
    lines = ["# Source: " + source]
    for record in records:
        lines.append("")
        for key, value in record.items():
            lines.append(f"{key} = {value.hex() if isinstance(value, bytes) else value}".rstrip())
    (HERE / name).write_text("\n".join(lines) + "\n")
    print(f"{name}: {len(records)} records")
