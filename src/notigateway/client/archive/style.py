"""How the report of a day looks: on a screen, in the dark, on paper."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root{color-scheme:light dark;--ink:#16202c;--soft:#56657a;--line:#d5dde7;--page:#fff;--band:#f3f6fa;
--loud:#a8071a;--loudband:#fff1f0;--bad:#ad4e00;--badband:#fff7e6;--accent:#0b4f8a}
@media (prefers-color-scheme:dark){:root{--ink:#e8edf3;--soft:#a3b1c2;--line:#38465a;--page:#141b24;
--band:#1d2733;--loud:#ff9c96;--loudband:#3a1719;--bad:#ffc069;--badband:#33240f;--accent:#8cc4ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:86rem;padding:1.5rem;background:var(--page);color:var(--ink);
font:15px/1.45 system-ui,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
h1{font-size:1.7rem;margin:0}h1 time{color:var(--accent);white-space:nowrap}
header p{margin:.3rem 0 0;color:var(--soft)}header .warned{color:var(--bad);font-weight:600}
nav ul{display:flex;flex-wrap:wrap;gap:.5rem;list-style:none;margin:1.2rem 0;padding:0}
nav a{display:block;padding:.5rem .9rem;border:1px solid var(--line);border-radius:.5rem;color:inherit;
text-decoration:none;background:var(--band)}
nav a:hover,nav a:focus-visible{outline:2px solid var(--accent)}nav b{font-size:1.25rem;margin-right:.2rem}
nav .loud a{background:var(--loudband);border-color:var(--loud);color:var(--loud);font-weight:600}
nav .bad a{background:var(--badband);border-color:var(--bad);color:var(--bad)}nav .calm a{color:var(--soft)}
section{margin:0 0 1.8rem}h2{font-size:1.15rem;margin:0 0 .4rem}section>p{margin:0 0 .6rem}
section.calm h2,section.calm p{color:var(--soft);font-weight:400}
section.loud{border:2px solid var(--loud);border-radius:.6rem;padding:1rem;background:var(--loudband)}
section.loud h2,section.loud>p{color:var(--loud)}
section.bad{border-left:5px solid var(--bad);padding:.2rem 0 .2rem 1rem}section.bad h2{color:var(--bad)}
section>div{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.93em}
th{text-align:left;font-weight:600;color:var(--soft);background:var(--band);border-bottom:2px solid
var(--line)}
th,td{padding:.4rem .6rem;vertical-align:top}td{border-bottom:1px solid var(--line);overflow-wrap:anywhere}
td time,td b,td.number,td.days{white-space:nowrap;overflow-wrap:normal;font-variant-numeric:tabular-nums}
td.subject{min-width:14rem}td s{color:var(--soft)}.soon{color:var(--loud)}
@media print{:root{--page:#fff;--ink:#000;--soft:#444;--line:#bbb;--band:#fff;--loudband:#fff;--badband:#fff}
body{max-width:none;padding:0;font-size:9pt}nav{display:none}tr{break-inside:avoid}thead{display:table-header-group}
h2{break-after:avoid}@page{size:A4 landscape;margin:12mm}}
"""
