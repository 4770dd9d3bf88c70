"""What the names of columns say that they hold, as patterns for names in one spelling."""

import re

LABEL_WORDS = re.compile(
    r"((sub|super|fine|coarse|main|master|top|parent|primary|secondary)_?)?(class|label|category|species|breed|target)_?(es|s|id|idx|index|number|no|names?)?|categories|dx|diagnosis|cls"
)
"""Names of columns that hold labels, in small letters, with `_` for spaces."""

SPLIT_WORDS = re.compile(
    r"(data_?)?(sub)?sets?|splits?|partitions?|usage|phase|(is_?)?(train(ing)?|val(id(ation)?)?|test(ing)?)(_(image|img|set|split))?"
)
"""Names of columns that may hold splits."""

OTHER_WORDS = re.compile(
    r"(((k|cv)_?)?fold(_?(no|id))?|cv|stratum|index|idx|(\w+_)?(width|height|weight|length|area|size|depth)|channels|format|url|licen[cs]e"
    r"|(\w+_)?[xywh](_?(min|max|cent(er|re)))?_?\d?"
    r"|sources?|status|verified|reviewed|checked|comments?|notes?|remarks?"
    r"|timestamp|date(time)?|year|month|day|time|season|camera|device|photographer|author|owner|is_\w+"
    r"|iso|exposure|gain|aperture|flash|zoom|mag(nification)?|dpi|resolution|scanner|manufacturer|vendor|lens|sensor"
    r"|lat(itude)?|lon(g(itude)?)?|lng|altitude|hemisphere|country|city|county|province|region|continent"
    r"|sample|ext(ension)?|(file|mime)_?type|mode|colou?r_?space|shard|bucket|channel|z|replicate|distance"
    r"|collection|uploader|observer|expert|copyright|attribution|credit|rights_?holder|barcode|blurry|duplicated?|cropped|wsi"
    r"|batch|plate|well|round|version|cluster|group|grp|angle|rotation|flipped|price|n(um|r|o|umber)?_\w+"
    r"|pred(ict\w*)?(_\w+)?|conf(idence)?|scores?|ratings?|stars|votes|quality(_grade)?|difficult|truncated|occluded|iscrowd"
    r"|(user|patient|subject|person|participant|donor|annotator|worker|rater|reader|session|camera|device|batch|cluster|group"
    r"|case|exam|visit|sample|animal|component|study|series|specimen|slide|lesion|video|clip|track|burst|seq(uence)?|frame|tile|patch|crop)"
    r"(_?(id|no|number|name|index|idx))?|#?(region|file)_\w+|(\w+_)?counts?)"
)
"""Names of columns with few distinct values that are still no labels, but if they are asked for."""

TRAIT_WORDS = re.compile(
    r"(\w+_)?(sex|gender|age|race|ethnicity|site|location)(_\w+)?|hospital|view(_\w+)?|laterality|orientation|modality"
    r"|frontal/lateral|ap/pa|tags|keywords|attributes"
)
"""Names of columns that say something of what is on a photograph, and which are labels only if they are asked for."""

FILE_WORDS = re.compile(r"(file|image|img|photo|picture)s?(_?(name|path|id|file))?s?|(file)?_?paths?|id(_code)?|name")
"""Names of columns that hold the names of photographs, which decides between two that do."""

NUMBER_WORDS = re.compile(
    r"(file|image|img|photo|pic|frame|scan|slide)\w*|(\w+_)?(id(_code)?|no|nr|num|number|name|code|key)"
)
"""Names of columns whose numbers may name photographs; those of others count rows, years or something else."""


def is_number_name(name: str) -> bool:
    """Whether the numbers in a column of that name may name photographs."""
    return bool(NUMBER_WORDS.fullmatch(name)) and not LABEL_WORDS.fullmatch(name)


def plain_name(column: str) -> str:
    """The name of a column in one spelling."""
    return re.sub(r"[-\s.]+", "_", column.strip().casefold())
