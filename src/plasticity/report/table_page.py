"""What surrounds a table in its page: its style, and a script that sorts and filters. Without it the table stands."""

HEAD = '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'

STYLE = """
<style>
body { font: 13px/1.4 system-ui, sans-serif; color: #222; margin: 1.5rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
@media (max-width: 60rem) { .table { overflow-x: auto; } } /* elsewhere the head stays in sight */
th, td { padding: 0.25rem 0.4rem; border-bottom: 1px solid #ddd; text-align: right; vertical-align: top; }
.short { white-space: nowrap; }
td.reason { font-size: 11px; color: #6b6b6b; }
th:first-child, td:first-child { text-align: left; }
thead th { border-bottom: 2px solid #444; position: sticky; top: 0; background: #fff; }
tr:hover td { background: #f4f7fa; }
th { cursor: pointer; }
th[aria-sort=ascending]::after { content: " ▲"; }
th[aria-sort=descending]::after { content: " ▼"; }
p { max-width: 46rem; }
input { font: inherit; margin-bottom: 0.8rem; padding: 0.2rem 0.5rem; width: 16rem; max-width: 90%; }
@media print { input { display: none; } thead th { position: static; } }
</style>
"""

# A click on a column's head, or Enter there, sorts by it; the field above keeps the rows that hold all of its words.
SCRIPT = r"""
<script>
const table = document.querySelector("table");
const body = table.tBodies[0];
const field = document.createElement("input");
field.type = "search";
field.placeholder = "Filter rows…";
field.setAttribute("aria-label", "Filter rows by words");
table.before(field);
field.addEventListener("input", () => {
  const words = field.value.toLowerCase().split(/\s+/);
  for (const row of body.rows) {
    row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
  }
});
const number = (text) => parseFloat(text.replace("−", "-").replace(/[,%]/g, ""));
const before = (a, b) => {
  const [x, y] = [number(a), number(b)];
  const numbers = [x, y].map(Number.isFinite);
  if (!numbers.includes(true)) return a.localeCompare(b);
  return numbers.includes(false) ? (numbers[0] ? -1 : 1) : x - y; // what is no number comes last
};
for (const head of table.tHead.rows[0].cells) {
  head.tabIndex = 0;
  head.title = "sort";
  const sort = () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...body.rows].map((row) => [row.cells[head.cellIndex].textContent.trim(), row]);
    rows.sort(([a], [b]) => (down ? before(b, a) : before(a, b)));
    body.append(...rows.map(([, row]) => row));
  };
  head.addEventListener("click", sort);
  head.addEventListener("keydown", (event) => event.key === "Enter" && sort());
}
</script>
"""
