import type { Protocol } from '../../shared/state.ts';
import type { Commands } from '../commands.ts';
import { attr, byId, say } from '../dom.ts';
import type { Changed, Model } from '../model.ts';
import type { Part } from '../part.ts';
import type { Link } from '../stream.ts';
import { left, percent, span } from '../words.ts';

/** The link to the console: when it is lost, the page says so, and that what it shows is old. */
export class LinkState {
  readonly #words = byId('link-words', HTMLElement);

  show(link: Link, quietMs: number): void {
    document.documentElement.dataset.link = link;
    const lost = `Connection lost: this is the picture of ${left(quietMs)} ago. Trying again.`;
    say(this.#words, { connecting: 'connecting', live: 'live', lost }[link]);
  }
}

/** Which cluster this is, and by which protocol its replicas keep coherent, which can be switched. */
export class Top implements Part {
  readonly #url = byId('cluster-url', HTMLAnchorElement);
  readonly #facts = byId('cluster-facts', HTMLElement);
  readonly #switch = byId('protocol', HTMLFieldSetElement);
  readonly #commands: Commands;
  #wanted: Protocol | null = null;
  #changing = false;

  constructor(commands: Commands) {
    this.#commands = commands;
    this.#switch.addEventListener('change', (event) => {
      if (event.target instanceof HTMLInputElement) this.choose(event.target.value as Protocol);
    });
  }

  /** Asks for a protocol; until every replica speaks it, the switch shows that it is on its way. */
  choose(protocol: Protocol): void {
    this.#wanted = protocol;
    this.#show(protocol);
    void this.#commands.protocol(protocol).then((done) => {
      if (done === null && this.#wanted === protocol) this.#wanted = null;
    });
  }

  update({ now }: Model, changed: Changed): void {
    const { url, backend, boundMs, protocol, changing } = now.cluster;
    this.#changing = changing;
    if (this.#wanted === protocol) this.#wanted = null;
    this.#show(this.#wanted ?? protocol);
    if (!changed.has('cluster') && !changed.has('cost')) return;
    attr(this.#url, 'href', url);
    say(this.#url, url.replace(/^https?:\/\//, ''));
    say(this.#facts, `${backend} · bound ${span(boundMs)} · console ${percent(now.cost.console)} of a core`);
    document.documentElement.dataset.protocol = protocol;
  }

  #show(protocol: Protocol): void {
    for (const input of this.#switch.querySelectorAll('input')) input.checked = input.value === protocol;
    attr(this.#switch, 'aria-busy', this.#wanted !== null || this.#changing ? 'true' : null);
  }
}
