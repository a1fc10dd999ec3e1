// What a page of graph_page.h has beside the graph: style and script. Internal to graph_page.cc.
#pragma once

#include <string_view>

namespace smf {

inline constexpr std::string_view kPageStyle = R"(
:root { color-scheme: light dark;
  --back: #ffffff; --panel: #f4f6f8; --text: #1c2126; --faint: #5f6b76; --line: #c9d1d9;
  --edge: #78909c; --error: #c62828; --warning: #c75b00; --node: #ffffff; --mark: #0b62c4; }
@media (prefers-color-scheme: dark) { :root {
  --back: #14181c; --panel: #1d2329; --text: #e3e8ed; --faint: #9aa7b3; --line: #3a444e;
  --edge: #7f929f; --error: #ff7b72; --warning: #ffb454; --node: #222a31; --mark: #6cb6ff; } }
* { box-sizing: border-box; }
body { margin: 0; height: 100vh; display: flex; flex-direction: column; background: var(--back);
  color: var(--text); font: 14px/1.45 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 6px 24px; align-items: center; padding: 10px 16px;
  background: var(--panel); border-bottom: 1px solid var(--line); }
h1 { font-size: 16px; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 13px; margin: 0 0 6px; }
p { margin: 0; color: var(--faint); }
input { font: inherit; padding: 3px 8px; width: 220px; color: inherit; background: var(--back);
  border: 1px solid var(--line); border-radius: 4px; }
main { flex: 1; min-height: 0; display: flex; }
#picture { flex: 1; overflow: auto; }
svg { display: block; }
aside { width: 300px; overflow: auto; padding: 12px 16px; background: var(--panel);
  border-left: 1px solid var(--line); }
aside section { margin-bottom: 18px; }
ul { list-style: none; margin: 0; padding: 0; }
button { font: 12px/1.4 ui-monospace, monospace; text-align: left; width: 100%; padding: 4px 6px;
  margin: 2px 0; color: inherit; background: none; border: 1px solid var(--line);
  border-left-width: 4px; border-radius: 4px; overflow-wrap: anywhere; cursor: pointer; }
button.error { border-left-color: var(--error); }
button.warning { border-left-color: var(--warning); }
button:hover, button.pinned { background: var(--back); border-color: var(--mark); }
button b { font-family: system-ui, sans-serif; }
.legend svg { display: inline-block; vertical-align: middle; margin-right: 8px; }
.node rect { fill: var(--node); stroke: var(--edge); }
.node text { fill: var(--text); font: 12px ui-monospace, "DejaVu Sans Mono", monospace; }
.node.error rect { stroke: var(--error); stroke-width: 2; }
.node.warning rect { stroke: var(--warning); stroke-width: 2; }
.node { cursor: pointer; }
.edge { fill: none; stroke: var(--edge); stroke-width: 1.3; }
.edge.error { stroke: var(--error); stroke-width: 2.2; }
.edge.warning { stroke: var(--warning); stroke-width: 2.2; }
.inner_type { stroke-dasharray: 6 4; }
.type_param { stroke-dasharray: 2 3; }
.method_dep { stroke-dasharray: 9 3 2 3; }
.head { fill: var(--edge); } .head.error { fill: var(--error); }
.head.warning { fill: var(--warning); }
svg.dim .node:not(.on), svg.dim .edge:not(.on) { opacity: .13; }
.node.on rect { stroke: var(--mark); stroke-width: 2; }
@media (max-width: 700px) { main { flex-direction: column; }
  aside { width: auto; max-height: 40vh; border: 0; border-top: 1px solid var(--line); } }
)";

inline constexpr std::string_view kPageScript = R"(
const svg = document.querySelector('#picture svg');
const nodes = [...svg.querySelectorAll('.node')];
const edges = [...svg.querySelectorAll('.edge')];
const ends = edges.map(e => [+e.dataset.from, +e.dataset.to]);
const nothing = [null, null];
let pinned = nothing, button = null;
function show([chosenNodes, chosenEdges]) {
  svg.classList.toggle('dim', chosenNodes !== null);
  nodes.forEach((n, i) => n.classList.toggle('on', chosenNodes !== null && chosenNodes.has(i)));
  edges.forEach((e, i) => e.classList.toggle('on', chosenEdges !== null && chosenEdges.has(i)));
}
function pin(choice, by) {
  if (button) button.classList.remove('pinned');
  const again = by && by === button;
  button = again ? null : by;
  pinned = again ? nothing : choice;
  if (button) button.classList.add('pinned');
  show(pinned);
}
function around(node) {
  const found = new Set([node]), lines = new Set();
  ends.forEach(([from, to], i) => {
    if (from !== node && to !== node) return;
    found.add(from).add(to);
    lines.add(i);
  });
  return [found, lines];
}
function way(path) {
  const found = new Set(path), lines = new Set();
  ends.forEach(([from, to], i) => {
    if (path.some((n, k) => k > 0 && path[k - 1] === from && n === to)) lines.add(i);
  });
  return [found, lines];
}
nodes.forEach((n, i) => {
  n.addEventListener('pointerenter', () => show(around(i)));
  n.addEventListener('pointerleave', () => show(pinned));
  n.addEventListener('click', () => pin(around(i), n));
});
document.querySelectorAll('button').forEach(b => {
  const choice = way(b.dataset.path.split(' ').map(Number));
  b.addEventListener('pointerenter', () => show(choice));
  b.addEventListener('pointerleave', () => show(pinned));
  b.addEventListener('click', () => {
    pin(choice, b);
    nodes[+b.dataset.path.split(' ')[0]].scrollIntoView({block: 'center', inline: 'center'});
  });
});
document.querySelector('input').addEventListener('input', event => {
  const wanted = event.target.value.trim().toLowerCase();
  if (wanted === '') return pin(nothing, null);
  const found = new Set();
  nodes.forEach((n, i) => {
    if (n.querySelector('title').textContent.toLowerCase().includes(wanted)) found.add(i);
  });
  const lines = new Set();
  ends.forEach(([from, to], i) => { if (found.has(from) && found.has(to)) lines.add(i); });
  pin([found, lines], null);
  const [first] = found;
  if (first !== undefined) nodes[first].scrollIntoView({block: 'center', inline: 'center'});
});
)";

}  // namespace smf
