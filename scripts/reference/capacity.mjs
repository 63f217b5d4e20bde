import { table } from './table.mjs';

/** Sizes of catalogue that docs/capacity.md shows. */
const LISTINGS = [1e6, 1e8, 3e9];

/** The figures that plans and simulations rest on, each with how it was come by. */
export async function capacityFigures({ load }) {
  const { figureRows } = await load('packages/cli', 'capacity/plan/render');
  return table(['figure', 'value', 'how', 'from'], figureRows());
}

/** The plans of `labelstream capacity plan --listings N`. */
export async function capacityTables({ load }) {
  const { planInputs } = await load('packages/cli', 'capacity/plan/inputs');
  const { makePlan } = await load('packages/cli', 'capacity/plan/plan');
  const { planRows } = await load('packages/cli', 'capacity/plan/render');
  const [titles, ...rows] = planRows(LISTINGS.map((listings) => makePlan(planInputs({ listings }))));
  return table(titles, rows);
}
