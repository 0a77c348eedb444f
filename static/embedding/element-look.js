/**
 * The look of <cocalc-notebook>, as a sheet of its shadow tree: no page's policy forbids it, and no
 * page's styles get in. Light or dark is what the page around it is.
 */

const CSS = `
:host {
  --ground: #f6f7f9; --surface: #fff; --line: #d9dde3; --text: #1b2027; --quiet: #5a6472;
  --accent: #2456c4; --accent-text: #fff; --hover: #eef2fb; --bad: #a8201a; --good: #1f7a3d; --warn: #9a6200;
  position: relative; container-type: inline-size; display: flex; flex-direction: column; box-sizing: border-box; width: 100%; height: 36rem; min-height: 16rem;
  max-height: calc(100vh - 2rem); max-height: calc(100svh - 2rem); margin-block: 1rem; overflow: hidden;
  background: var(--ground); color: var(--text); border: 1px solid var(--line); border-radius: 10px;
  font: 16px/1.5 system-ui, sans-serif; text-align: start; overflow-wrap: anywhere;
}
@supports (color: light-dark(#000, #fff)) {
  :host {
    --ground: light-dark(#f6f7f9, #14171c); --surface: light-dark(#fff, #1d2229); --line: light-dark(#d9dde3, #353c47);
    --text: light-dark(#1b2027, #e7eaef); --quiet: light-dark(#5a6472, #9aa5b4); --accent: light-dark(#2456c4, #8fb2ff);
    --accent-text: light-dark(#fff, #0d1a38); --hover: light-dark(#eef2fb, #262d38); --bad: light-dark(#a8201a, #ff9d94);
    --good: light-dark(#1f7a3d, #6fd08c); --warn: light-dark(#9a6200, #f0bd5c);
  }
}
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; }
p, h2 { margin: 0; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
button, .button {
  font: inherit; font-size: .875rem; line-height: 1.4; padding: .3rem .7rem; min-height: 2.1rem; cursor: pointer;
  border: 1px solid var(--line); border-radius: 6px; background: var(--surface); color: var(--text); text-decoration: none;
}
button:hover, .button:hover { background: var(--hover); }
button:disabled { opacity: .5; cursor: default; background: none; }
.primary { background: var(--accent); border-color: var(--accent); color: var(--accent-text); font-weight: 600; }
.primary:hover { background: var(--accent); filter: brightness(1.08); }
.buttons { display: flex; flex-wrap: wrap; gap: .5rem; }
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: .35rem .9rem; padding: .4rem .75rem; background: var(--surface); border-bottom: 1px solid var(--line); }
.name { min-width: 0; font-weight: 650; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.light { display: flex; align-items: center; gap: .5rem; margin-inline-end: auto; color: var(--quiet); font-size: .875rem; }
.dot { flex: none; width: .7rem; height: .7rem; border-radius: 50%; background: var(--quiet); }
[data-state=ready] .dot { background: var(--good); }
:is([data-state=slow], [data-state=offline]) .dot { background: var(--warn); }
:is([data-state=lost], [data-state=signed_out], [data-state=refused], [data-state=unreachable], [data-state=blocked]) .dot { background: var(--bad); border-radius: 2px; }
:is([data-state=preparing], [data-state=opening], [data-state=reconnecting]) .dot { background: none; border: 2px solid var(--line); border-top-color: var(--accent); animation: turn 1s linear infinite; }
@keyframes turn { to { transform: rotate(1turn); } }
.stage { position: relative; flex: 1; min-height: 0; }
iframe { position: absolute; inset: 0; width: 100%; height: 100%; border: 0; background: var(--surface); }
.waiting { position: absolute; inset: 0; z-index: 1; display: flex; align-items: center; justify-content: center; gap: .75rem; padding: 1rem; background: var(--ground); color: var(--quiet); }
.notice { position: absolute; z-index: 2; overflow: auto; }
.notice.whole { inset: 0; display: grid; place-items: safe center; padding: 1rem; background: var(--ground); }
.notice.strip { inset: 0 0 auto; max-height: 60%; padding: .6rem .75rem; background: var(--surface); border-bottom: 2px solid var(--warn); box-shadow: 0 4px 14px rgb(20 30 50 / 18%); }
.card { display: grid; gap: .6rem; max-width: 34rem; }
.strip .card { max-width: none; }
h2 { font-size: 1.1rem; line-height: 1.3; }
.strip h2 { font-size: 1rem; }
.quiet { color: var(--quiet); font-size: .875rem; }
.skip { position: absolute; inset-inline-start: .5rem; top: .5rem; z-index: 3; padding: .4rem .7rem; background: var(--surface); color: var(--accent); border: 2px solid var(--accent); border-radius: 6px; }
#after { top: auto; bottom: .5rem; }
.skip:not(:focus) { clip-path: inset(50%); }
@container (max-width: 32rem) {
  .bar { padding-inline: .6rem; }
  .name { flex: 1 1 0; }
  .light { flex: none; max-width: 65%; margin: 0; }
  .bar .buttons { flex: 1 1 100%; }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; } }
@media print { :host { height: auto; min-height: 0; } .stage { display: none; } }
`;

export const look = new CSSStyleSheet();
look.replaceSync(CSS);
