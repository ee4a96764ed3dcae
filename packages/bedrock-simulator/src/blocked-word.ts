/** The word that every guardrail of the simulator blocks, and that every check finds. */
export const BLOCKED_WORD = 'forbidden';
