"""How the page of `explain` looks: one style sheet, light and dark by the reader's own setting."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --paper: #fff; --card: #f5f7fa; --line: #d5dbe3;
  --bad: #9b1c1c; --bad-back: #fde4e4; --wait: #7a5200; --wait-back: #fff1cf; --good: #14612f; --good-back: #dcf5e4; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9f0; --soft: #9aa6b6; --paper: #14181e; --card: #1c222b;
  --line: #343d4a; --bad: #ffb4b4; --bad-back: #5a1f24; --wait: #ffdf9a; --wait-back: #4b3a10; --good: #a6e9bd;
  --good-back: #173f27; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 110rem; padding: 1.5rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; overflow-wrap: anywhere; }
h2 { margin: 0; font-size: 1.15rem; overflow-wrap: anywhere; }
h3 { margin: 0 0 .4rem; font-size: .85rem; text-transform: uppercase; letter-spacing: .05em; color: var(--soft); }
section { margin: 1.5rem 0; padding: 1rem 1.25rem; border: 1px solid var(--line); border-radius: .5rem;
  background: var(--card); }
table { border-collapse: collapse; }
th, td { padding: .15rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
.about th { color: var(--soft); font-weight: 500; white-space: nowrap; }
.about td { overflow-wrap: anywhere; }
.verdict { display: inline-block; margin: 0; padding: .3rem .8rem; border-radius: .4rem; font-weight: 600; }
.badge { padding: .1rem .5rem; border-radius: 1rem; font-size: .8rem; font-weight: 600; white-space: nowrap; }
.bad { color: var(--bad); background: var(--bad-back); }
.wait { color: var(--wait); background: var(--wait-back); }
.good { color: var(--good); background: var(--good-back); }
.left-out { color: var(--soft); font-style: italic; }
.findings { padding-left: 1.6rem; }
.findings li { margin: .2rem 0; padding: .1rem .5rem; border-radius: .25rem; }
.findings code { opacity: .75; }
.pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1rem; margin: 1rem 0; }
@media (max-width: 60rem) { .pair { grid-template-columns: minmax(0, 1fr); } }
.scroll { overflow: auto; max-height: 70vh; border: 1px solid var(--line); border-radius: .3rem;
  background: var(--paper); }
.source, .lines, pre { font: 13px/1.45 ui-monospace, Consolas, monospace; }
.source td, .source th { white-space: pre; border-right: 1px solid var(--line); }
.source thead th { position: sticky; top: 0; background: var(--card); }
.lines { width: 100%; }
.lines td { white-space: pre-wrap; overflow-wrap: anywhere; border: 0; padding: 0 .6rem; }
.lines th { width: 1%; border: 0; padding: 0 .6rem; text-align: right; color: var(--soft); font-weight: 400;
  user-select: none; }
.lines tr.bad td, .lines tr.wait td, .source td.bad, .source td.wait { font-weight: 700; }
sup { margin-left: .2rem; font-weight: 700; }
details { margin-top: .6rem; }
summary { cursor: pointer; color: var(--soft); }
pre { overflow: auto; margin: .4rem 0; padding: .6rem; border: 1px solid var(--line); border-radius: .3rem;
  background: var(--paper); }
a { color: inherit; }
@media print { .scroll { max-height: none; } }
""".strip()
