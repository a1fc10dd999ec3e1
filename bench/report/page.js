// Draws the trend lines of the page with uPlot: when their group is opened, when the colour scheme
// changes, when the window gets another width. Everything else on the page is markup.
(() => {
  'use strict';

  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const {runs, charts} = read('data');
  const byId = new Map(charts.map((chart) => [chart.id, chart]));
  const drawn = new Map(); // Element -> uPlot

  const colour = (name) =>
    getComputedStyle(document.documentElement)
      .getPropertyValue('--' + name)
      .trim();

  const UNITS = {
    ns: [
      [1e9, 's'],
      [1e6, 'ms'],
      [1e3, 'µs'],
      [1, 'ns'],
    ],
    bytes: [
      [2 ** 30, 'GiB'],
      [2 ** 20, 'MiB'],
      [2 ** 10, 'KiB'],
      [1, 'B'],
    ],
    instructions: [
      [1e9, 'G'],
      [1e6, 'M'],
      [1e3, 'k'],
      [1, ''],
    ],
  };

  function amount(value, unit, digits = 3) {
    if (value === null || value === undefined) return '';
    const [step, name] = (UNITS[unit] || []).find(([step]) => Math.abs(value) >= step) || [1, ''];
    const scaled = value / step;
    const text = scaled >= 1000 ? scaled.toFixed(0) : String(+scaled.toPrecision(digits));
    return unit === 'percent' ? `${text} %` : `${text} ${name}`.trim();
  }

  // Ticks close together need more digits than a single value does.
  function ticks(values, unit) {
    for (let digits = 2; digits < 7; digits++) {
      const texts = values.map((value) => amount(value, unit, digits));
      const named = texts.filter((text) => text !== ''); // A logarithmic axis leaves some out.
      if (new Set(named).size === named.length) return texts;
    }
    return values.map((value) => amount(value, unit, 7));
  }

  const day = (i) => (runs[i] ? runs[i].when.slice(5, 10).replace('-', '/') : '');

  function axes(unit) {
    const line = {stroke: colour('line'), width: 1};
    const font = '11px system-ui, sans-serif';
    const common = {stroke: colour('muted'), grid: line, ticks: {...line, size: 4}, font};
    return [
      {
        ...common,
        space: 56,
        incrs: [1, 2, 5, 10, 20, 50],
        values: (_, at) => at.map(day),
        size: 28,
      },
      {...common, space: 28, size: 62, values: (_, at) => ticks(at, unit)},
    ];
  }

  // Room above and below, so that noise does not fill the whole height.
  function scale(values) {
    const low = Math.min(...values),
      high = Math.max(...values);
    const room = Math.max((high - low) * 0.15, Math.abs(high) * 0.01) || 1;
    return [low - room, high + room];
  }

  const points = (name) => ({
    show: true,
    size: 5,
    width: 1,
    stroke: colour(name),
    fill: colour(name),
  });

  function marks(places, tone) {
    return (plot) => {
      const {ctx, bbox} = plot;
      ctx.save();
      ctx.strokeStyle = tone;
      ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
      ctx.lineWidth = devicePixelRatio;
      for (const place of places) {
        const x = Math.round(plot.valToPos(place - 0.5, 'x', true));
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
      }
      ctx.restore();
    };
  }

  function describe(i, words) {
    const run = runs[i];
    return run
      ? `${run.when.slice(0, 10)} · ${words} · ${run.revision.slice(0, 8)} ${run.describe}`
      : '';
  }

  // What both kinds of chart share: pointing at a run tells it below, a click leads to the
  // revision.
  function options(element, series, unit, words) {
    const reading = element.parentElement.querySelector('.reading');
    const tell = (i) => {
      reading.textContent = i == null ? '' : describe(i, words(i));
    };
    tell(runs.length - 1);
    return {
      width: element.clientWidth,
      height: element.clientHeight,
      legend: {show: false},
      cursor: {
        y: false,
        drag: {x: false, y: false},
        points: {size: 8},
        bind: {
          click: (plot, target, handler) => (event) => {
            const run = runs[plot.cursor.idx];
            if (run && run.url) window.open(run.url, '_blank', 'noopener');
            return handler && handler(event);
          },
        },
      },
      scales: {x: {time: false, range: [-0.7, Math.max(runs.length - 0.3, 1)]}},
      axes: axes(unit),
      series: [{}, ...series],
      hooks: {setCursor: [(plot) => tell(plot.cursor.idx ?? runs.length - 1)]},
    };
  }

  const places = runs.map((_, i) => i);

  function trend(element, chart) {
    const chosen = document.querySelector('input[name=view]:checked');
    const view = chart.views[Math.min(chosen ? +chosen.value : 0, chart.views.length - 1)];
    const [low, high, from] = view.band || [null, null, runs.length];
    const flat = (value) => places.map((i) => (i >= from ? value : null));
    const data = [
      places,
      flat(low),
      flat(high),
      view.others || places.map(() => null),
      view.values,
    ];
    const none = {show: true, points: {show: false}, stroke: 'transparent', width: 0};
    const setup = options(
      element,
      [
        none,
        none,
        {stroke: colour('other'), width: 1, points: points('other'), spanGaps: false},
        {stroke: colour('ours'), width: 1.75, points: points('ours'), spanGaps: true},
      ],
      view.unit,
      (i) =>
        amount(view.values[i] ?? (view.others || [])[i], view.unit) +
        (view.label ? ` (${view.label})` : ''),
    );
    if (view.band) setup.bands = [{series: [2, 1], fill: colour('band')}];
    const visible = data
      .slice(1)
      .flat()
      .filter((value) => value !== null);
    setup.scales.y = {range: scale(visible)};
    setup.hooks.draw = [marks(view.breaks, colour('warn'))];
    return new uPlot(setup, data, element);
  }

  function distribution(element, chart) {
    const names = Object.keys(chart.lines);
    const tones = ['s0', 's2', 's4', 's5'];
    const data = [places, ...names.map((name) => chart.lines[name])];
    const words = (i) =>
      names.map((name) => `${name} ${amount(chart.lines[name][i], chart.unit)}`).join(', ');
    const setup = options(
      element,
      names.map((name, i) => ({
        stroke: colour(tones[i]),
        width: 1.75,
        points: points(tones[i]),
      })),
      chart.unit,
      words,
    );
    setup.scales.y = {distr: 3};
    return new uPlot(setup, data, element);
  }

  function draw(element) {
    const chart = byId.get(element.dataset.chart);
    if (!chart || !element.clientWidth) return;
    if (drawn.has(element)) drawn.get(element).destroy();
    drawn.set(element, (chart.kind === 'trend' ? trend : distribution)(element, chart));
    element.dataset.colour = colour(chart.kind === 'trend' ? 'ours' : 's0');
  }

  const every = () => document.querySelectorAll('.chart');
  const redraw = () => every().forEach(draw);
  const missing = () => every().forEach((element) => drawn.has(element) || draw(element));

  for (const group of document.querySelectorAll('details'))
    group.addEventListener('toggle', missing);
  for (const choice of document.querySelectorAll('input[name=view]'))
    choice.addEventListener('change', redraw);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);

  let width = innerWidth;
  addEventListener('resize', () => {
    if (innerWidth !== width) redraw();
    width = innerWidth;
  });

  // A link to a figure opens the group that it is in.
  function reveal() {
    const target =
      location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const group = target && target.closest('details');
    if (group && !group.open) {
      group.open = true;
      target.scrollIntoView();
    }
  }
  addEventListener('hashchange', reveal);

  document.getElementById('save').addEventListener('click', () => {
    const link = document.createElement('a');
    const text = document.getElementById('results').textContent;
    link.href = URL.createObjectURL(new Blob([text], {type: 'application/json'}));
    link.download = 'results.json';
    link.click();
    URL.revokeObjectURL(link.href);
  });

  redraw();
  reveal();
})();
