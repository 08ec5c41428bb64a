"""What German, French and Spanish Excel calls the functions of pivot tables and totals."""

from __future__ import annotations

from typing import Literal

SUMMARIES: dict[str, Literal["sum", "count", "average", "max", "min", "product"]] = {
    **dict.fromkeys(("summe", "somme", "suma"), "sum"),
    **dict.fromkeys(("anzahl", "nombre", "recuento", "cuenta"), "count"),
    **dict.fromkeys(("mittelwert", "durchschnitt", "moyenne", "promedio"), "average"),
    **dict.fromkeys(("máximo", "maximo"), "max"),
    **dict.fromkeys(("mínimo", "minimo"), "min"),
    **dict.fromkeys(("produkt", "produit", "producto"), "product"),
}
