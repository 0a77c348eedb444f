"""Workbooks as spreadsheet programs save them, made of their parts."""

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

Cell = str | int | float
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OASIS = "urn:oasis:names:tc:opendocument:xmlns"


def xlsx(hidden: Sequence[str] = (), **sheets: Sequence[Sequence[Cell]]) -> bytes:
    """Return a workbook of Excel with these sheets."""
    names = list(sheets)
    parts = {
        f"xl/worksheets/sheet{at}.xml": sheet_xml(rows)
        for at, rows in enumerate(sheets.values(), start=1)
    }
    return xlsx_of(parts, names, hidden)


def xlsx_of(parts: dict[str, str], names: Sequence[str], hidden: Sequence[str] = ()) -> bytes:
    """Return a workbook of these sheets' XML."""
    ids = range(1, len(names) + 1)
    book = "".join(
        f"<sheet name={quoteattr(name)} sheetId='{at}' r:id='r{at}'"
        f"{' state=' + quoteattr('hidden') if name in hidden else ''}/>"
        for at, name in zip(ids, names, strict=True)
    )
    links = "".join(
        f"<Relationship Id='r{at}' Type='{_RELATIONS}/worksheet' "
        f"Target='worksheets/sheet{at}.xml'/>"
        for at in ids
    )
    kinds = "".join(
        f"<Override PartName='/xl/worksheets/sheet{at}.xml' ContentType="
        "'application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml'/>"
        for at in ids
    )
    return zipped(
        {
            "[Content_Types].xml": f"<Types xmlns='{_PACKAGE}/content-types'>"
            "<Default Extension='rels' ContentType="
            "'application/vnd.openxmlformats-package.relationships+xml'/>"
            "<Override PartName='/xl/workbook.xml' ContentType='application/vnd."
            f"openxmlformats-officedocument.spreadsheetml.sheet.main+xml'/>{kinds}</Types>",
            "_rels/.rels": f"<Relationships xmlns='{_PACKAGE}/relationships'><Relationship Id='r1' "
            f"Type='{_RELATIONS}/officeDocument' Target='xl/workbook.xml'/></Relationships>",
            "xl/workbook.xml": f"<workbook xmlns='{_MAIN}' xmlns:r='{_RELATIONS}'>"
            f"<sheets>{book}</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": f"<Relationships xmlns='{_PACKAGE}/relationships'>"
            f"{links}</Relationships>",
            **parts,
        }
    )


def sheet_xml(rows: Sequence[Sequence[Cell]]) -> str:
    """Return the XML of a sheet."""
    written = ""
    for number, row in enumerate(rows, start=1):
        cells = ""
        for at, cell in enumerate(row):
            place = f"{chr(65 + at)}{number}"
            if isinstance(cell, str):
                said = escape(cell)
                cells += f"<c r='{place}' t='inlineStr'><is><t>{said}</t></is></c>" if said else ""
            else:
                cells += f"<c r='{place}'><v>{cell}</v></c>"
        written += f"<row r='{number}'>{cells}</row>"
    return f"<worksheet xmlns='{_MAIN}'><sheetData>{written}</sheetData></worksheet>"


def ods(name: str, rows: Sequence[Sequence[Cell]]) -> bytes:
    """Return a workbook of LibreOffice with one sheet."""
    written = ""
    for row in rows:
        cells = "".join(
            f"<table:table-cell office:value-type='string'><text:p>{escape(cell)}</text:p>"
            "</table:table-cell>"
            if isinstance(cell, str)
            else f"<table:table-cell office:value-type='float' office:value='{cell}'>"
            f"<text:p>{cell}</text:p></table:table-cell>"
            for cell in row
        )
        written += f"<table:table-row>{cells}</table:table-row>"
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": f"<manifest:manifest xmlns:manifest='{_OASIS}:manifest:1.0'/>",
            "content.xml": f"<office:document-content xmlns:office='{_OASIS}:office:1.0' "
            f"xmlns:table='{_OASIS}:table:1.0' xmlns:text='{_OASIS}:text:1.0'><office:body>"
            f"<office:spreadsheet><table:table table:name='{name}'>{written}</table:table>"
            "</office:spreadsheet></office:body></office:document-content>",
        }
    )


def zipped(parts: dict[str, str]) -> bytes:
    """Return a zip of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return out.getvalue()
