/** Keys of a page do nothing below a dialog. */
export const isDialogOpen = () => document.querySelector('[aria-modal="true"]') !== null
