"""Make the page that `dvc plots` fills, with Vega's scripts inside, so that it opens offline.

Run it with `uv run --no-project --with vl-convert-python==1.7.0 .dvc/plots/make_page.py`.
"""

from pathlib import Path

import vl_convert

VEGA_LITE = "v5.21"
"""As DVC's templates need it: version 5, with Vega 5."""

# DVC puts the plots in the place of {plot_divs}; where there is no {scripts}, it adds none of its own.
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Plots</title>
<link rel="icon" href="data:,">
{refresh_tag}
<style>
body { margin: 1.5rem; font: 16px/1.5 system-ui, sans-serif; background: #fff; color: #20242a; }
body > div { border: 0 !important; text-align: left !important; overflow-x: auto; margin-bottom: 1.5rem; }
body > div > div { border: 0 !important; } img { max-width: 100%; }
</style>
<!--
LICENCES
-->
<script>(() => {
SCRIPTS
})();</script>
</head>
<body>
{plot_divs}
</body>
</html>
"""


def page() -> str:
    """The page, with the licences of what is in it."""
    scripts = vl_convert.javascript_bundle(vl_version=VEGA_LITE)
    assert not any(mark in scripts for mark in ("</script", "<!--", "{plot_divs}", "{refresh_tag}"))
    licences = Path(__file__).with_name("licences.txt").read_text(encoding="utf-8").strip()
    return PAGE.replace("LICENCES", licences).replace("SCRIPTS", scripts)


if __name__ == "__main__":
    Path(__file__).with_name("page.html").write_text(page(), encoding="utf-8")
