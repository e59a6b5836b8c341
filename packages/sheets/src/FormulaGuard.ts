/**
 * The guard of exported cells: a spreadsheet program must never take one for a formula. A cell whose first visible
 * character could start one gets an apostrophe in front; reading takes exactly one such apostrophe off again.
 */

const triggers = new Set("=+-@＝＋－＠﹢﹣﹦﹫")

/** Blanks, controls, byte order marks and characters without width: a program may skip them before it looks. */
const skipped = /^[\s\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]*/u

export const isFormulaLike = (cell: string): boolean => {
  const [first] = cell
  if (first === "\t" || first === "\r" || first === "\0") return true
  const [visible] = cell.replace(skipped, "")
  return visible !== undefined && triggers.has(visible)
}

export const guarded = (cell: string): string => (isFormulaLike(cell) ? `'${cell}` : cell)

export const unguarded = (cell: string): string =>
  cell.startsWith("'") && isFormulaLike(cell.slice(1)) ? cell.slice(1) : cell
