/** One listing's answer for one task, with the truth. */
export interface Judged {
  readonly truth: string;
  readonly label: string;
  /** Calibrated, 0..1. */
  readonly confidence: number;
  readonly abstained: boolean;
}

/** Figures of one task over its labelled rows. All but the counts are shares of 1; null where nothing was judged. */
export interface TaskMetrics {
  /** Rows with a truth for the task. */
  readonly count: number;
  readonly accuracy: number | null;
  /** Unweighted mean F1 over the labels that occur as truth. */
  readonly macroF1: number | null;
  /** Largest share of rows that can be answered rightly while at least 90 % of the answers given are right. */
  readonly recallAt90Precision: number | null;
  /** Expected calibration error, 15 bins of equal width (Guo et al., 2017). */
  readonly expectedCalibrationError: number | null;
  /** Share of rows answered (not abstained), and how many of those answers are right. */
  readonly coverage: number | null;
  readonly precisionWhenAnswered: number | null;
}

const TARGET_PRECISION = 0.9;
const CALIBRATION_BINS = 15;

export function measure(rows: readonly Judged[]): TaskMetrics {
  const count = rows.length;
  if (count === 0) {
    return {
      count,
      accuracy: null,
      macroF1: null,
      recallAt90Precision: null,
      expectedCalibrationError: null,
      coverage: null,
      precisionWhenAnswered: null,
    };
  }
  const answered = rows.filter((row) => !row.abstained);
  return {
    count,
    accuracy: share(rows, isRight),
    macroF1: macroF1(rows),
    recallAt90Precision: recallAtPrecision(rows, TARGET_PRECISION),
    expectedCalibrationError: calibrationError(rows, CALIBRATION_BINS),
    coverage: answered.length / count,
    precisionWhenAnswered: answered.length === 0 ? null : share(answered, isRight),
  };
}

const isRight = ({ truth, label }: Judged) => truth === label;

const share = (rows: readonly Judged[], holds: (row: Judged) => boolean) => rows.filter(holds).length / rows.length;

/** Mean over labels of 2·TP / (2·TP + FP + FN). */
export function macroF1(rows: readonly Judged[]): number {
  const right = new Map<string, number>();
  const asTruth = new Map<string, number>();
  const asAnswer = new Map<string, number>();
  const add = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1);
  for (const row of rows) {
    add(asTruth, row.truth);
    add(asAnswer, row.label);
    if (isRight(row)) add(right, row.truth);
  }
  const scores = [...asTruth].map(([label, truths]) => (2 * (right.get(label) ?? 0)) / (truths + (asAnswer.get(label) ?? 0)));
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

/** Answers are accepted from the most confident down; rows of equal confidence together. */
export function recallAtPrecision(rows: readonly Judged[], target: number): number {
  const byConfidence = rows.toSorted((a, b) => b.confidence - a.confidence);
  let right = 0;
  let best = 0;
  byConfidence.forEach((row, i) => {
    if (isRight(row)) right++;
    const lastOfItsConfidence = byConfidence[i + 1]?.confidence !== row.confidence;
    if (lastOfItsConfidence && right / (i + 1) >= target) best = right;
  });
  return best / rows.length;
}

/** Σ over bins of (rows in bin ÷ rows) · |accuracy − mean confidence|. */
export function calibrationError(rows: readonly Judged[], bins: number): number {
  const inBin = Array.from({ length: bins }, () => ({ right: 0, confidence: 0 }));
  for (const row of rows) {
    const bin = inBin[Math.min(bins - 1, Math.floor(row.confidence * bins))];
    if (bin === undefined) continue;
    bin.right += isRight(row) ? 1 : 0;
    bin.confidence += row.confidence;
  }
  return inBin.reduce((sum, bin) => sum + Math.abs(bin.right - bin.confidence), 0) / rows.length;
}
