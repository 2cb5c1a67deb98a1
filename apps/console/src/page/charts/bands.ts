import type uPlot from 'uplot';
import type { Model, Span } from '../model.ts';
import type { Palette } from './palette.ts';

/** Least width of a band that carries its words, in px of the page, and the height of a line of them. */
const WORDS_PX = 26;
const LINE_PX = 11;
/** Distance of the hatching's strokes, in px of the page. */
const HATCH_PX = 7;

/**
 * Draws behind the lines of a chart when faults were active (hatched, so that they are told from the grid without
 * colour), and along its foot when the cluster ran naive. On the chart that is `labelled` the bands have words.
 */
export function drawBands(plot: uPlot, model: Model, palette: Palette, labelled: boolean): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const ratio = devicePixelRatio;
  let line = 0;
  for (const span of model.faultSpans) {
    const [from, to] = edges(plot, span, model.now.at);
    if (to <= bbox.left) continue;
    ctx.fillStyle = palette.colour('band');
    ctx.fillRect(from, bbox.top, to - from, bbox.height);
    hatch(ctx, from, to, bbox, palette, ratio);
    if (labelled && to - from > WORDS_PX * ratio) {
      words(
        ctx,
        span.words,
        Math.max(from, bbox.left) + 3 * ratio,
        bbox.top + (line % 2) * LINE_PX * ratio,
        palette,
        ratio,
      );
      line += 1;
    }
  }
  ctx.fillStyle = palette.colour('alarm');
  const foot = 2 * ratio;
  for (const span of model.protocolSpans) {
    if (span.protocol !== 'naive') continue;
    const [from, to] = edges(plot, span, model.now.at);
    ctx.fillRect(from, bbox.top + bbox.height - foot, to - from, foot);
    if (labelled && to - from > WORDS_PX * ratio) {
      words(
        ctx,
        'naive',
        Math.max(from, bbox.left) + 3 * ratio,
        bbox.top + bbox.height - (LINE_PX + 4) * ratio,
        palette,
        ratio,
      );
    }
  }
  ctx.restore();
}

function edges(plot: uPlot, { since, until }: Span, at: number): [number, number] {
  const x = (time: number) => Math.round(plot.valToPos(time / 1000, 'x', true));
  const from = x(since);
  return [from, Math.max(from + devicePixelRatio, x(until ?? at))];
}

function hatch(
  ctx: CanvasRenderingContext2D,
  from: number,
  to: number,
  { top, height }: uPlot.BBox,
  palette: Palette,
  ratio: number,
): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(from, top, to - from, height);
  ctx.clip();
  ctx.strokeStyle = palette.colour('alarm');
  ctx.globalAlpha = 0.22;
  ctx.lineWidth = ratio;
  ctx.beginPath();
  // The strokes stand at fixed places of the time axis' width, or they would crawl as the window moves.
  const step = HATCH_PX * ratio;
  for (let x = Math.floor((from - height) / step) * step; x < to; x += step) {
    ctx.moveTo(x, top + height);
    ctx.lineTo(x + height, top);
  }
  ctx.stroke();
  ctx.restore();
}

function words(
  ctx: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  palette: Palette,
  ratio: number,
): void {
  ctx.font = `600 ${9.5 * ratio}px ${palette.font}`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'top';
  ctx.fillStyle = palette.colour('alarm');
  ctx.fillText(text, x, y + 2 * ratio);
}
