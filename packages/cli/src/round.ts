/** `value` with at most so many decimal places, for reports. Never -0, which JSON does not have. */
export const round = (value: number, digits = 1): number => Number(value.toFixed(digits)) + 0;
