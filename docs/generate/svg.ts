/** Draws boxes, frames around them and straight arrows as SVG, readable on light and dark pages. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly title: string;
  /** Below the title. */
  readonly lines?: readonly string[];
  /** Encloses others: drawn dashed, without fill. */
  readonly isFrame?: boolean;
}

export interface Arrow {
  readonly from: readonly [x: number, y: number];
  readonly to: readonly [x: number, y: number];
  /** Beside the middle; above it for a horizontal arrow. */
  readonly label: string;
  /** With a head at both ends. */
  readonly isMutual?: boolean;
}

export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** For screen readers. */
  readonly title: string;
  readonly boxes: readonly Box[];
  readonly arrows: readonly Arrow[];
}

// Has its own background: a page may be dark while the system is light.
const style = `
  svg { --paper: #ffffff; --ink: #1b1f24; --soft: #57606a; --box: #f3f6fa; --line: #8c96a3; --arrow: #0b62c4 }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #14181d; --ink: #e6edf3; --soft: #a5b0bc; --box: #1f262e; --line: #5c6773; --arrow: #6cb2ff }
  }
  text { font: 12px system-ui, sans-serif; fill: var(--soft) }
  .title { font-weight: 600; font-size: 14px; fill: var(--ink) }
  .label { fill: var(--arrow) }
  .paper { fill: var(--paper) }
  .box { fill: var(--box); stroke: var(--line) }
  .frame { fill: none; stroke: var(--line); stroke-dasharray: 4 4 }
  .arrow { stroke: var(--arrow); stroke-width: 1.5; marker-end: url(#head) }
  .mutual { marker-start: url(#head) }
  marker path { fill: var(--arrow) }
`;

export function toSVG({ width, height, title, boxes, arrows }: Drawing): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<style>${style}</style>`,
    `<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0 10 5 0 10z"/></marker></defs>`,
    `<rect class="paper" width="${width}" height="${height}" rx="8"/>`,
    ...boxes.map(box),
    ...arrows.map(arrow),
    "</svg>",
    "",
  ].join("\n");
}

function box({ x, y, width, height, title, lines = [], isFrame = false }: Box): string {
  return [
    `<rect class="${isFrame ? "frame" : "box"}" x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>`,
    text(x + 12, y + 22, "title", title),
    ...lines.map((line, i) => text(x + 12, y + 43 + 19 * i, "line", line)),
  ].join("\n");
}

function arrow({ from: [x1, y1], to: [x2, y2], label, isMutual = false }: Arrow): string {
  const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
  return [
    `<line class="arrow${isMutual ? " mutual" : ""}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`,
    y1 === y2 ? text(x, y - 7, "label", label, "middle") : text(x + 8, y + 4, "label", label),
  ].join("\n");
}

const text = (x: number, y: number, kind: string, content: string, anchor = "start"): string =>
  `<text class="${kind}" x="${x}" y="${y}" text-anchor="${anchor}">${escape(content)}</text>`;

/** Escapes XML's special characters. */
const escape = (content: string): string => content.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
