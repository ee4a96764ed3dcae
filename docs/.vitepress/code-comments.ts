import type { MarkdownRenderer } from 'vitepress';

/** The comments before blocks of code, for the test that compiles them. */
const CODE_COMMENT = /^ *<!-- code\b.*?-->\n/gms;

/** Removes these comments. Inside a list, markdown-it would end them at an empty line. */
export function codeCommentsPlugin(md: MarkdownRenderer): void {
  md.core.ruler.after('normalize', 'code_comments', (state) => {
    state.src = state.src.replaceAll(CODE_COMMENT, '');
  });
}
