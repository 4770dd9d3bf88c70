// Every table can be copied as CSV; everything else on the page works without this.
const said = document.getElementById("said");

function cell(element) {
  const value = element.dataset.csv ?? element.textContent.trim().replace(/\s+/g, " ");
  return /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function csv(table) {
  return [...table.rows].map((row) => [...row.cells].filter((one) => !one.dataset.skip).map(cell).join(",") + "\r\n").join("");
}

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // A page that another machine serves without encryption has no clipboard of the new kind.
  const area = document.body.appendChild(document.createElement("textarea"));
  area.value = text;
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (!copied) throw new Error("refused");
}

for (const button of document.querySelectorAll("button.copy")) {
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await copy(csv(document.getElementById(button.getAttribute("aria-controls"))));
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
    button.focus();
    said.textContent = `${button.textContent}: ${button.dataset.table}`;
    setTimeout(() => { button.textContent = label; said.textContent = ""; }, 2500);
  });
}
