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
th,td{padding:.35rem .5rem;vertical-align:top}td{border-bottom:1px solid var(--line)}
td.subject,td.name{overflow-wrap:break-word}td.subject{min-width:12rem}td.name{min-width:7rem}
td time,td b,td.number,td.days{white-space:nowrap;font-variant-numeric:tabular-nums}
th.count,td.count{text-align:right;font-variant-numeric:tabular-nums}
td s{color:var(--soft)}.soon{color:var(--loud)}
mark{background:var(--accent);color:var(--page);border-radius:.3rem;padding:0 .3rem;font-size:.8em}
@media screen and (max-width:48rem){body{padding:.8rem}thead{display:none}
table,tbody,tr,td{display:block}tr{border:1px solid var(--line);border-radius:.4rem;
margin:0 0 .6rem;padding:.3rem .5rem}
td,td.count{border:0;padding:.1rem 0;text-align:left;overflow-wrap:anywhere}td:empty{display:none}
td::before{content:attr(data-is) ": ";color:var(--soft)}}
@media print{:root{--page:#fff;--ink:#000;--soft:#444;--line:#bbb;--band:#fff;--loudband:#fff;--badband:#fff}
body{max-width:none;padding:0;font:7.5pt/1.3 "Liberation Sans",Arial,sans-serif}th,td{padding:.15rem .35rem}
td.subject{min-width:0}td.name{min-width:0}nav{display:none}tr{break-inside:avoid}thead{display:table-header-group}
h2{break-after:avoid}@page{size:A4 landscape;margin:12mm}}
"""
