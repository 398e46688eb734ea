#!/usr/bin/python3
"""Makes terrarium.woff, the icon $(terrarium-jar), from jar.svg. Run by hand after a change of jar.svg.

VS Code takes an extension's product icons only from a font (contributes.icons). Needs Debian's
python3-fontforge; the font is committed so that a build does not.
"""

from pathlib import Path

import fontforge

HERE = Path(__file__).parent
CODE_POINT = 0xE001

font = fontforge.font()
font.familyname = font.fullname = font.fontname = "terrarium"
font.em = 1024
# Codicons stand on the bottom of their box: without a descent the two sit on one line.
font.ascent, font.descent = 1024, 0

jar = font.createChar(CODE_POINT, "terrarium-jar")
jar.importOutlines(str(HERE / "jar.svg"))
jar.removeOverlap()
jar.correctDirection()
jar.width = font.em

font.generate(str(HERE / "terrarium.woff"))
