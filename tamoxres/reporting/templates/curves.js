/* Curves to be read off: hover or move the time, and see risk, interval and number at risk; groups come and go. */
(function () {
  var SVG = "http://www.w3.org/2000/svg";
  var YEAR = 12;

  function after(times, t) {
    var low = 0;
    var high = times.length;
    while (low < high) {
      var middle = (low + high) >> 1;
      if (times[middle] <= t + 1e-9) { low = middle + 1; } else { high = middle; }
    }
    return low;
  }

  function before(times, t) {
    var low = 0;
    var high = times.length;
    while (low < high) {
      var middle = (low + high) >> 1;
      if (times[middle] < t - 1e-9) { low = middle + 1; } else { high = middle; }
    }
    return low;
  }

  function read(group, t) {
    var i = after(group.time, t) - 1;
    var j = before(group.at, t);
    return {
      estimate: i < 0 ? group.start : group.estimate[i],
      low: i < 0 ? null : group.low[i],
      high: i < 0 ? null : group.high[i],
      risk: j < group.risk.length ? group.risk[j] : 0
    };
  }

  function put(parent, name, attributes, text) {
    var made = document.createElementNS(SVG, name);
    Object.keys(attributes).forEach(function (key) { made.setAttribute(key, attributes[key]); });
    if (text !== undefined) { made.textContent = text; }
    parent.appendChild(made);
    return made;
  }

  function make(tag, name, text) {
    var made = document.createElement(tag);
    if (name) { made.className = name; }
    if (text !== undefined) { made.textContent = text; }
    return made;
  }

  function percent(value) { return value === null ? "NE" : (100 * value).toFixed(1) + "%"; }
  function years(t) { return (t / YEAR).toFixed(1) + " years"; }

  function last(group) { return group.at.length ? group.at[group.at.length - 1] : 0; }

  function steps(group, name, x, y, end) {
    var d = "";
    var value = group.start;
    if (name === "estimate") { d = "M" + x(0) + " " + y(value); }
    for (var i = 0; i < group.time.length; i += 1) {
      if (group.time[i] > end) { break; }
      var next = group[name][i];
      if (next === null) { continue; }
      d += d ? "H" + x(group.time[i]) + "V" + y(next) : "M" + x(group.time[i]) + " " + y(next);
    }
    return d ? d + "H" + x(Math.min(end, last(group))) : "";
  }

  function band(group, x, y, end) {
    var up = [];
    var down = [];
    var stop = Math.min(end, last(group));
    group.time.forEach(function (t, i) {
      if (group.low[i] === null || t > end) { return; }
      var to = i + 1 < group.time.length ? Math.min(group.time[i + 1], stop) : stop;
      up.push(x(t) + " " + y(group.high[i]), x(to) + " " + y(group.high[i]));
      down.push(x(t) + " " + y(group.low[i]), x(to) + " " + y(group.low[i]));
    });
    return up.length ? "M" + up.join("L") + "L" + down.reverse().join("L") + "Z" : "";
  }

  function Chart(figure, data) {
    var chart = this;
    this.data = data;
    this.shown = data.groups.map(function () { return true; });
    this.end = Math.max.apply(null, data.groups.map(last));
    var most = data.groups.map(function (g) { return Math.max.apply(null, g.high.concat(g.estimate).filter(isFinite)); });
    this.top = data.kind === "survival" ? 1 : Math.min(1, Math.ceil(10 * Math.max.apply(null, most)) / 10);
    this.at = Math.min(120, this.end);
    this.box = make("div", "curves");
    var picture = figure.querySelector(".picture");
    var alt = picture.querySelector("svg").getAttribute("aria-label");
    this.box.appendChild(this.toggles());
    this.svg = put(this.box, "svg", { role: "img", "aria-label": alt });
    this.box.appendChild(this.slider());
    this.told = make("output", "told");
    this.box.appendChild(this.told);
    picture.hidden = true;
    picture.parentNode.insertBefore(this.box, picture);
    this.svg.addEventListener("pointermove", function (event) {
      var size = chart.svg.getBoundingClientRect();
      var t = (event.clientX - size.left - chart.left) / (size.width - chart.left - chart.right) * chart.end;
      chart.move(Math.max(0, Math.min(chart.end, Math.round(t))));
    });
    this.draw();
  }

  Chart.prototype.toggles = function () {
    var chart = this;
    var bar = make("div", "toggles");
    this.data.groups.forEach(function (group, i) {
      var label = make("label", "g" + i);
      var box = make("input");
      box.type = "checkbox";
      box.checked = true;
      box.addEventListener("change", function () { chart.shown[i] = box.checked; chart.draw(); });
      label.appendChild(box);
      var sample = put(label, "svg", { "class": "g" + i, width: 26, height: 10, "aria-hidden": "true" });
      put(sample, "path", { "class": "line sample g" + i, d: "M0 5H26" });
      label.appendChild(document.createTextNode(group.name));
      bar.appendChild(label);
    });
    return bar;
  };

  Chart.prototype.slider = function () {
    var chart = this;
    var label = make("label", "time", "Time ");
    var range = make("input");
    range.type = "range";
    range.min = "0";
    range.max = String(Math.floor(this.end));
    range.step = "1";
    range.value = String(Math.round(this.at));
    range.addEventListener("input", function () { chart.move(Number(range.value)); });
    label.appendChild(range);
    this.range = range;
    return label;
  };

  Chart.prototype.move = function (t) {
    this.at = t;
    this.range.value = String(Math.round(t));
    this.point();
  };

  Chart.prototype.draw = function () {
    var chart = this;
    var width = Math.max(280, this.box.clientWidth || 280);
    var groups = this.data.groups;
    var height = Math.round(Math.min(330, 0.72 * width));
    this.left = 46;
    this.right = 10;
    this.width = width;
    this.bottom = height - 40;
    var x = this.x = function (t) { return (chart.left + t / chart.end * (width - chart.left - chart.right)).toFixed(2); };
    var y = this.y = function (v) { return (chart.bottom - v / chart.top * (chart.bottom - 10)).toFixed(2); };
    var svg = this.svg;
    svg.textContent = "";
    var whole = height + 18 + 15 * groups.length;
    svg.setAttribute("viewBox", "0 0 " + width + " " + whole);
    for (var k = 0; k <= 5; k += 1) {
      var v = chart.top * k / 5;
      put(svg, "text", { x: chart.left - 6, y: Number(y(v)) + 4, "text-anchor": "end" }, Math.round(100 * v) + "%");
      put(svg, "path", { "class": "frame", d: "M" + (chart.left - 4) + " " + y(v) + "h4" });
    }
    put(svg, "path", { "class": "frame", d: "M" + chart.left + " 10V" + chart.bottom + "H" + (width - chart.right) });
    var whole5 = width < 500 ? 10 : 5;
    put(svg, "text", { x: 0, y: height + 14 }, "Number at risk");
    for (var t = 0; t <= chart.end; t += whole5 * YEAR) {
      put(svg, "path", { "class": "frame", d: "M" + x(t) + " " + chart.bottom + "v4" });
      put(svg, "text", { x: x(t), y: chart.bottom + 17, "text-anchor": "middle" }, t / YEAR);
      groups.forEach(function (group, i) {
        if (t === 0) { put(svg, "path", { "class": "line sample g" + i, d: "M2 " + (height + 26 + 15 * i) + "h22" }); }
        put(svg, "text", { "class": "name g" + i, x: x(t), y: height + 30 + 15 * i, "text-anchor": "middle" }, read(group, t).risk);
      });
    }
    put(svg, "text", { x: (chart.left + width) / 2, y: chart.bottom + 33, "text-anchor": "middle" }, "Years");
    groups.forEach(function (group, i) {
      if (!chart.shown[i]) { return; }
      var g = put(svg, "g", { "class": "g" + i });
      put(g, "path", { "class": "band", d: band(group, x, y, chart.end) });
      put(g, "path", { "class": "line", d: steps(group, "estimate", x, y, chart.end) });
    });
    if (this.data.effect) {
      var low = this.data.kind === "survival";
      put(svg, "text", { "class": "effect", x: chart.left + 8, y: low ? chart.bottom - 10 : 22 }, this.data.effect);
    }
    this.cursor = put(svg, "g", {});
    this.point();
  };

  Chart.prototype.point = function () {
    var chart = this;
    var told = [];
    this.cursor.textContent = "";
    this.told.textContent = "";
    put(this.cursor, "path", { "class": "cursor", d: "M" + this.x(this.at) + " 10V" + this.bottom });
    this.data.groups.forEach(function (group, i) {
      if (!chart.shown[i]) { return; }
      var value = read(group, chart.at);
      put(chart.cursor, "circle", { "class": "dot g" + i, cx: chart.x(chart.at), cy: chart.y(value.estimate), r: 3.5 });
      told.push(group.name + ": " + percent(value.estimate) + " (" + percent(value.low) + " to " + percent(value.high) + "), " + value.risk + " at risk");
      var line = make("span", "", told[told.length - 1]);
      line.dataset.group = group.name;
      ["estimate", "low", "high", "risk"].forEach(function (name) { line.dataset[name] = String(value[name]); });
      chart.told.appendChild(line);
    });
    this.told.insertBefore(make("span", "", "At " + years(this.at) + ":"), this.told.firstChild);
    this.range.setAttribute("aria-valuetext", years(this.at) + (told.length ? "; " + told.join("; ") : ""));
  };

  var charts = [];
  Array.prototype.forEach.call(document.querySelectorAll("script.steps"), function (script) {
    var data = JSON.parse(script.textContent);
    if (data.groups.length) { charts.push(new Chart(script.closest("figure"), data)); }
  });
  var again = 0;
  function redraw() {
    window.cancelAnimationFrame(again);
    again = window.requestAnimationFrame(function () {
      charts.forEach(function (chart) {
        if (chart.box.clientWidth && chart.box.clientWidth !== chart.width) { chart.draw(); }
      });
    });
  }
  window.addEventListener("resize", redraw);
  document.addEventListener("toggle", redraw, true);
}());
