/**
 * Loads the page anew when a script or a style of it was lost on its way. A browser breaks off whatever is under way when a
 * network interface of its machine comes or goes, as one does for each container that starts. A module that lacks what it
 * imports is never run: the page would say "connecting" for ever.
 *
 * No module itself, and before all that it watches: who is not there yet cannot hear of a loss.
 */

/** Between a loss and the page anew, and between looks whether the console is there to give it, in ms. */
const ANEW_MS = 1000;
/** What is lost each time is not there at all: no more than so many times in a row. */
const ANEW_MOST = 5;
const COUNTED_AS = 'console-loaded-anew';

/** Asked for first: a browser does not come back from a page that it could not load. */
function loadAnew(): void {
  const again = () => setTimeout(loadAnew, ANEW_MS);
  fetch('/healthz').then(() => location.reload(), again);
}

addEventListener(
  'error',
  ({ target }) => {
    // What a script throws comes from the window itself, and would be thrown again.
    if (target instanceof HTMLScriptElement || target instanceof HTMLLinkElement) {
      document.documentElement.dataset.lost = '';
    }
  },
  // It does not bubble.
  true,
);

addEventListener('load', () => {
  const times = Number(sessionStorage.getItem(COUNTED_AS));
  if (document.documentElement.dataset.lost === undefined) sessionStorage.removeItem(COUNTED_AS);
  else if (times < ANEW_MOST) {
    sessionStorage.setItem(COUNTED_AS, String(times + 1));
    setTimeout(loadAnew, ANEW_MS);
  }
});
