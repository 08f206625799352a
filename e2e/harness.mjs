// All that a browser test needs: a wall, people in browsers, and what was sent to them.

export { audit } from './harness/audit.mjs';
export { launch, whole, prefer, widths } from './harness/browser.mjs';
export { linkFrom } from './harness/captured.mjs';
export { builtInLanguages, startPreview } from './harness/preview.mjs';
export { eventually } from './harness/process.mjs';
export { startWall } from './harness/wall.mjs';
export { startUpstream } from './harness/upstream.mjs';
