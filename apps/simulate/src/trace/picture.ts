/** Draws a recorded ring as a page of its own: the ring at any second, and what happened until then. */

/** One node in one frame. */
export interface FrameNode {
  readonly name: string
  /** Its place, as a part of the whole turn. */
  readonly turn: number
  readonly state: string
  /** Whom it believes to be its neighbours, as places in the frame; -1 for nobody in it. */
  readonly left: number
  readonly right: number
}

/** The ring at one instant. */
export interface Frame {
  readonly atMs: number
  readonly nodes: readonly FrameNode[]
}

/** Returns the page; it needs nothing from elsewhere. */
export function drawPage(
  title: string,
  frames: readonly Frame[],
  lines: readonly string[],
): string {
  const data = JSON.stringify({ frames, lines }).replaceAll('<', '\\u003c')
  return `<!doctype html>
<meta charset="utf-8">
<title>${escapeText(title)}</title>
<style>${STYLE}</style>
<h1>${escapeText(title)}</h1>
<p><input id="time" type="range" min="0" max="${Math.max(0, frames.length - 1)}" value="0"> <output id="now"></output></p>
<div><svg id="ring" viewBox="-120 -120 240 240"></svg><pre id="story"></pre></div>
<script>const { frames, lines } = ${data}
${SCRIPT}</script>
`
}

const STYLE = `
body { font: 14px sans-serif; margin: 1em }
h1 { font-size: 16px }
div { display: flex; gap: 1em }
svg { width: 55vw; height: 85vh }
pre { overflow: auto; height: 85vh; flex: 1; font-size: 11px }
input { width: 50vw }
text { font-size: 5px; text-anchor: middle }`

const SCRIPT = `
const colors = { connected: '#2a7', joining: '#e90', paused: '#88f', gone: '#ccc', leaving: '#a66', offline: '#a66' }
const at = (node, radius) => [Math.sin(node.turn * 2 * Math.PI) * radius, -Math.cos(node.turn * 2 * Math.PI) * radius]
function show(index) {
  const frame = frames[index]
  if (!frame) return
  now.textContent = (frame.atMs / 1000).toFixed(0) + ' s'
  const line = (node, other, color) => {
    if (!other) return ''
    const [x1, y1] = at(node, 100), [x2, y2] = at(other, 100)
    return '<line x1="' + x1 + '" y1="' + y1 + '" x2="' + x2 + '" y2="' + y2 + '" stroke="' + color + '" stroke-width="0.6"/>'
  }
  const dot = (node) => {
    const [x, y] = at(node, 100), [tx, ty] = at(node, 110)
    return '<circle cx="' + x + '" cy="' + y + '" r="2.5" fill="' + (colors[node.state] || '#000') + '"><title>' + node.name + ' ' + node.state +
      '</title></circle><text x="' + tx + '" y="' + ty + '">' + node.name.replace('host-', '') + '</text>'
  }
  ring.innerHTML = frame.nodes.map((node) => line(node, frame.nodes[node.left], '#2a7') + line(node, frame.nodes[node.right], '#27c')).join('') +
    frame.nodes.map(dot).join('')
  story.textContent = lines.filter((text) => parseFloat(text) * 1000 <= frame.atMs).slice(-200).reverse().join('\\n')
}
time.oninput = () => show(Number(time.value))
show(0)`

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
