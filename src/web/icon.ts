/** Where browsers find the icon of this site. */
export const ICON_PATH = "/icon.svg";

/** A 40-pin header with one pin switched on, in colours that show on light and dark. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="7" fill="#a3174f"/>
<g fill="#f3b3cb"><circle cx="9" cy="11" r="3"/><circle cx="23" cy="11" r="3"/>
<circle cx="9" cy="21" r="3"/><circle cx="16" cy="21" r="3"/><circle cx="23" cy="21" r="3"/></g>
<circle cx="16" cy="11" r="4" fill="#fff"/>
</svg>`;
