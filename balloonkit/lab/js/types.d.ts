// What travels from Python, and what the modules hand to each other. Only for the type checker.

/** Pages [first, how many]. */
export type Range = [base: number, pages: number];
/** Where a change of a list happens: gone, added at the head, added at the tail. */
export type How = "-" | "+" | "t";
/** Entry of the message or null for all of it, reason, detail. */
export type Refusal = [entry: number | null, reason: string, detail: string];

/** Page bitmaps as last laid. */
export interface Bitmap {
  base: number;
  bits: number;
  count: number;
  max: number;
}

/** The last message on the virtqueue. */
export interface Message {
  queue: number;
  hex: string;
  bytes: number;
  desc: number;
  avail: number;
  used: number;
}

/** What a window leaves out, counted. */
export interface Outside {
  /** by state */
  pages: number[];
  /** blocks, by zone and order */
  lists: number[][];
  /** pages, by zone */
  stock: number[];
  bits: number;
  entries: number;
  /** by state */
  host: number[];
}

/** Counts of a window's outside that a step changes. */
export interface OutsideChange {
  lists?: [zone: number, order: number, blocks: number][];
  stock?: [zone: number, pages: number][];
  pages?: number[];
  bits?: number;
  entries?: number;
  host?: number[];
}

/** One step of a run, as `balloonkit.trace.Trace.as_dict` describes it. */
export interface Step {
  kind: string;
  base: number;
  pages: number;
  why: string;
  counters?: number[];
  lists?: [how: How, zone: number, order: number, base: number][];
  stock?: [how: How, zone: number, pages: number[]][];
  state?: [base: number, pages: number, state: number][];
  bitmap?: Bitmap;
  bits?: Range[];
  entries?: [index: number, base: number, size: number][];
  clear?: boolean;
  message?: Message | null;
  ranges?: [gpa: number, pages: number, host: number][];
  host?: [base: number, pages: number, resident: number][];
  reject?: Refusal[];
  outside?: OutsideChange;
}

/** A whole run. */
export interface Trace {
  title: string;
  /** names the run in the codes of its states */
  code?: string;
  page_kib: number;
  /** page frame numbers, holes too */
  span: number;
  zones: [name: string, first: number, end: number][];
  initial: {
    /** run lengths: value, length */
    pages: [state: number, pages: number][];
    host: [resident: number, pages: number][];
    lists: number[][][];
    stock: number[][];
    outside?: Outside;
  };
  format: string;
  /** what an entry of the message is called */
  entry: string;
  max_entries: number;
  /** in 4 KiB pages */
  regions: [gpa: number, pages: number, host: number][];
  /** 4 KiB pages of a guest's page */
  scale: number;
  counters: string[];
  /** of each kind of step */
  stages: Record<string, string>;
  steps: Step[];
  window?: Range;
}

/** Every pane's content at one step; see `balloonkit.trace.State`. */
export interface State {
  pages: Uint8Array;
  firstPfn: number;
  /** 1 resident, 0 released */
  host: Uint8Array;
  firstHostPage: number;
  bitmap: Bitmap | null;
  /** those past the guest's last page stay clear and are left out */
  bits: Uint8Array;
  firstBit: number;
  lists: number[][][];
  stock: number[][];
  entries: Range[];
  /** place in the message of each of `entries` */
  indices: number[];
  /** what the buffer held when it was last emptied */
  sent: Range[];
  sentIndices: number[];
  message: Message | null;
  /** of the last message */
  reject: Refusal[];
  ranges: [gpa: number, pages: number, host: number][];
  counters: number[];
  outside: Outside | null;
}

/** How one kind of thing is drawn; decided in `palette.py`. */
export interface Look {
  label: string;
  colour: string;
  letter: string;
  /** a sign for cells too small for a letter */
  mark: string;
  /** black or white: what can be read on the colour */
  ink: string;
  /** keeps a dot where no letter fits */
  dotted: boolean;
  /** has no colour of its own: the page shows through */
  empty: boolean;
}

/** How far a step's text goes before it counts what is left; decided with Python's text. */
export interface TextLimits {
  lines: number;
  pfns: number;
  runs: number;
}

/** The player's looks and words. */
export interface Palette {
  pages: Look[];
  bits: Look[];
  host: Look[];
  stages: Record<string, Look>;
  limits: TextLimits;
}

/** What a step's text needs of a palette. */
export interface Labels {
  pages: { label: string }[];
  host: { label: string }[];
  limits: TextLimits;
}

/** Something a pane shows, in guest pages. */
export interface Piece {
  base: number;
  pages: number;
  label: string;
}

/** Ranges of guest pages to light, and whether a piece is among them. */
export interface Lit {
  ranges: Range[];
  touches(piece: { base: number; pages: number }): boolean;
}

/** What all panes have before they show anything. */
export interface Frame {
  element: HTMLElement;
  /** scrolls, and takes the focus */
  body: HTMLElement;
  /** a few words on the state, beside the title */
  fact: HTMLElement;
}

/** One pane of the player. */
export interface Pane extends Frame {
  size(width: number, height: number): void;
  /** with `follow` it scrolls to the first piece that is lit */
  draw(state: State, lit: Lit, follow: boolean): void;
  /** pieces it shows */
  count(): number;
  piece(i: number): Piece;
  /** pieces in a row */
  stride(): number;
  reveal(i: number): void;
  /** the piece under the pointer */
  pointed(event: PointerEvent): number | null;
}

/** A stretch of cells in a grid: a zone, a bitmap, a region. */
export interface Band {
  /** index of its first cell */
  start: number;
  count: number;
  label: string;
  /** what the axis says where labels do not fit */
  short: string | number;
  /** what the reader counts from */
  first: number;
}

/** A page map, as `PageMap.spec` sends it. */
export interface MapSpec {
  kind: "map";
  title: string;
  /** what a cell is, in words */
  scale: string;
  /** wide: all of memory; cells: lettered pages; zoom: a close-up */
  shape: "wide" | "cells" | "zoom";
  looks: Look[];
  /** states that show even where a single page of a cell has them, and how much they outweigh */
  lit: number[];
  lit_weight: number;
  /** by state and cell, 255 is all of it */
  shares: DataView;
  /** pages in each state */
  totals: number[];
  rows: number;
  columns: number;
  first_pfn: number;
  pages_per_cell: number;
  page_bytes: number;
  ticks: [row: number, text: string][];
  bands: [top: number, bottom: number, name: string][];
  frames: [column: number, row: number, columns: number, rows: number][];
  letters: boolean;
  marked: boolean;
  /** the control that a click moves */
  picks: string;
}

/** A chart of a view. */
export interface ChartSpec {
  kind: "chart";
  svg: string;
}

/** A view's control, as `Range`, `Choice`, `Switch` and `Paste` in Python describe it. */
export type Control = { name: string; label: string; help: string } & (
  | { kind: "range"; low: number; high: number; step: number; unit: string }
  | { kind: "choice"; options: [text: string, value: unknown][] }
  | { kind: "switch" }
  | { kind: "paste"; mark: string }
);

/** The part of anywidget's model that is used here. */
export interface Model {
  get(name: string): any;
  set(name: string, value: unknown): void;
  on(event: string, react: () => void): void;
  off(event: string, react: () => void): void;
  save_changes(): void;
}

/** What the kernel is asked; it repeats the number when it has answered. */
export interface Request {
  what: string;
  number: number;
  [detail: string]: unknown;
}
