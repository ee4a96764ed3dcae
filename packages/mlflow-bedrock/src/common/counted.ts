/** A number with its noun, such as `1 span`. */
export function counted(amount: number, one: string, many: string = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`;
}
