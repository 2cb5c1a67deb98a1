import type { Changed, Model } from './model.ts';

/** A part of the page: owns some elements, and brings them up to date when something that it shows has changed. */
export interface Part {
  update(model: Model, changed: Changed): void;
}
