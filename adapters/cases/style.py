"""How the page of a case looks: by day and by night, on a phone and on paper."""

import hashlib
from base64 import b64encode
from typing import Final

STYLE: Final = """
:root {
  color-scheme: light dark;
  --ground: #ffffff; --panel: #f6f8fa; --shade: #f6f8fa; --text: #1b2026; --soft: #57606a; --rule: #d4dae1;
  --link: #0a58c2; --good: #1a6b34; --bad: #b4232c; --warn: #8a5300; --good-ground: #e5f4e9; --bad-ground: #fdecec;
  --warn-ground: #fff4dd;
  --waiting: #c3cbd4; --nats: #cdbcf2; --dot: #5b3fa8; --running: #2f6feb; --on-running: #ffffff;
  --backoff: #f3c35f; --ink: #8a5a00; --mark: #1b2026;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0e1217; --panel: #161c23; --shade: #141a21; --text: #e4e9ef; --soft: #9aa6b2; --rule: #2c353f;
    --link: #79b0ff; --good: #6fd08c; --bad: #ff8a84; --warn: #f0b95a; --good-ground: #12291a; --bad-ground: #351719;
    --warn-ground: #2e240f;
    --waiting: #4a5560; --nats: #4b3d78; --dot: #c3b1f5; --running: #4a86f7; --on-running: #06101f;
    --backoff: #8a6414; --ink: #ffd98a; --mark: #f2f5f8;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI",
  Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.6rem 0 .7rem; padding-top: .5rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
p, ul, ol { margin: .4rem 0 .8rem; max-width: 52rem; }
a { color: var(--link); }
.kicker { color: var(--soft); text-transform: uppercase; letter-spacing: .08em; font-size: .74rem; font-weight: 600;
  margin: 0 0 .3rem; }
.lead { font-size: 1.08rem; margin: .2rem 0; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
code, pre, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: .86em;
  overflow-wrap: anywhere; }
pre { background: var(--panel); border: 1px solid var(--rule); border-radius: 6px; padding: .7rem .9rem; white-space: pre-wrap;
  margin: .4rem 0 .8rem; }
figure { margin: 0; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; padding: 0; margin: 1rem 0 0; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem; margin: 1.1rem 0; }
dl.facts dt { color: var(--soft); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
.box { border: 1px solid var(--rule); border-left-width: 4px; border-radius: 6px; padding: .6rem .9rem; margin: 1.1rem 0;
  background: var(--panel); }
.box p { margin: .15rem 0; max-width: none; }
.box ul { margin: .3rem 0; padding-left: 1.2rem; }
.box.good { border-left-color: var(--good); background: var(--good-ground); }
.box.bad { border-left-color: var(--bad); background: var(--bad-ground); }
.box.warn { border-left-color: var(--warn); background: var(--warn-ground); }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.box.good, .box.bad, .box.warn { color: var(--text); }
.scroll { overflow-x: auto; margin: .6rem 0 1rem; }
.scroll:focus-visible, summary:focus-visible, a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px;
  border-radius: 3px; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
caption { text-align: left; color: var(--soft); padding: 0 0 .4rem; }
.stacked caption { color: var(--text); font-weight: 600; padding-top: .6rem; }
th, td { text-align: left; vertical-align: top; padding: .36rem .8rem .36rem 0; border-bottom: 1px solid var(--rule); }
th { font-weight: 600; white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.time, td code, th code { white-space: nowrap; font-variant-numeric: tabular-nums; }
td.text code { white-space: normal; }
td.text { overflow-wrap: anywhere; min-width: 14rem; }
details > summary { cursor: pointer; }
details pre { margin: .4rem 0 .2rem; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; padding: 0; margin: .3rem 0; font-size: .86rem; }
.legend li { display: flex; align-items: center; gap: .4rem; }
svg.swatch { width: 22px; height: 14px; }
svg.timeline { display: block; width: 100%; min-width: 52rem; height: auto; font: 12px system-ui, sans-serif; }
svg.legendmark { width: 10px; height: 10px; }
.timeline text { fill: var(--text); }
.timeline .run { font-weight: 600; }
.timeline .tick { fill: var(--soft); font-size: 11px; font-variant-numeric: tabular-nums; }
.timeline .quiet { fill: var(--soft); font-size: 11px; text-anchor: middle; dominant-baseline: middle; }
.timeline .end { text-anchor: end; fill: var(--soft); }
.timeline .done { fill: var(--good); } .timeline .failed { fill: var(--bad); }
.timeline .attempt { fill: var(--on-running); font-size: 10px; font-weight: 600; text-anchor: middle; }
.grid { stroke: var(--rule); stroke-width: 1; fill: none; }
.rule { stroke: var(--rule); stroke-width: 1; }
.shade { fill: var(--shade); }
.cut { fill: var(--ground); stroke: var(--rule); stroke-dasharray: 3 3; }
.waiting { fill: var(--waiting); } .nats { fill: var(--nats); } .running { fill: var(--running); } .backoff { fill: var(--backoff); }
.ink { stroke: var(--ink); stroke-width: 1.4; fill: none; } .dot { fill: var(--dot); }
.mark { fill: var(--mark); }
footer { margin-top: 3rem; color: var(--soft); font-size: .86rem; border-top: 1px solid var(--rule); padding-top: .8rem; }
@media (max-width: 40rem) {
  main { padding: 1.2rem .9rem 3rem; }
  h1 { font-size: 1.35rem; }
  dl.facts { grid-template-columns: 1fr; gap: 0; }
  dl.facts dd { margin-bottom: .5rem; }
  .stacked, .stacked caption, .stacked tbody, .stacked tr, .stacked tbody th, .stacked td { display: block; }
  .stacked thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .stacked tr { border-bottom: 1px solid var(--rule); padding: .3rem 0; }
  .stacked tbody th, .stacked td { border: 0; padding: .1rem 0; }
}
@media print {
  :root { --ground: #fff; --panel: #fff; --shade: #f4f4f4; --text: #000; --soft: #333; --rule: #bbb; --link: #000;
    --good: #0b4f22; --bad: #8a0f17; --warn: #5e3900; --good-ground: #fff; --bad-ground: #fff; --warn-ground: #fff;
    --waiting: #ccc; --nats: #ddd0f5; --dot: #5b3fa8; --running: #2f6feb; --on-running: #fff; --backoff: #f3c35f; --ink: #8a5a00;
    --mark: #000; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  nav { display: none; }
  main { max-width: none; padding: 0; }
  body { font-size: 10.5pt; }
  .scroll { overflow: visible; }
  svg.timeline { min-width: 0; }
  tr, .box, figure { break-inside: avoid; }
  h2 { break-after: avoid; }
}
"""
_HASH: Final = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
# Nothing is fetched, nothing is run, nothing is sent; and no other style than the one above holds.
POLICY: Final = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"
