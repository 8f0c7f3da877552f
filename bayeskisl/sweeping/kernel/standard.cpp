// The standard architecture: rotary positions, norms with gains, a gated feed-forward (SwiGLU).
//
// A layer in front of and behind a norm: y = n g with n = x / rms(x) and the gains g. What is kept is n; y is made again
// where the backward pass needs it.

constexpr int F = INNER;  // width of the feed-forward
constexpr int kWide = 2 * F > 3 * W ? 2 * F : 3 * W;

// Where each array of a run stands in its row of weights, in the order of `Decoder.shapes`.
constexpr int64_t kToken = 0, kFirstLayer = kToken + int64_t(V) * W;
constexpr int64_t kAttendGain = 0, kAttend = W, kMerge = kAttend + int64_t(W) * 3 * W;
constexpr int64_t kExpandGain = kMerge + int64_t(W) * W, kExpand = kExpandGain + W;
constexpr int64_t kContract = kExpand + int64_t(W) * 2 * F, kLayer = kContract + int64_t(F) * W;
constexpr int64_t kGain = kFirstLayer + L * kLayer, kHead = kGain + W, kWeights = kHead + int64_t(W) * V;

struct Layer {  // what the backward pass needs
  Lanes attended[W * C], qkv[3 * W * C], weight[H * kPairs], mixed[W * C], expanded[W * C], hidden[2 * F * C];
  Lanes scale_attended[C], scale_expanded[C];
};

struct Tile {
  Lanes x[W * C], dx[W * C], y[W * C], dy[W * C], normal[W * C], scale[C];
  Lanes inner[F * C], wide[kWide * C], logits[V * C];
  Layer layer[L];
};

void embed(const float* weights, const Sequences& s, Lanes* x) {
  for (int p = 0; p < C; ++p)
    for (int f = 0; f < W; ++f)
      for (int lane = 0; lane < kLanes; ++lane) x[f * C + p][lane] = weights[kToken + int64_t(s.token[p][lane]) * W + f];
}

void embed_backward(const Lanes* dx, const Sequences& s, float* gradient) {
  for (int p = 0; p < C; ++p)
    for (int f = 0; f < W; ++f)
      for (int lane = 0; lane < kLanes; ++lane)
        gradient[kToken + int64_t(s.token[p][lane]) * W + f] += dx[f * C + p][lane];
}

// y = n g.
void gain(const Lanes* n, const float* g, Lanes* y) {
  for (int f = 0; f < W; ++f)
    for (int p = 0; p < C; ++p) y[f * C + p] = n[f * C + p] * g[f];
}

// dg += sum over positions and lanes of dy n; dn = dy g, in place of dy.
void gain_backward(Lanes* dy, const Lanes* n, const float* g, float* dg) {
  for (int f = 0; f < W; ++f) {
    Lanes sum = {};
    for (int p = 0; p < C; ++p) {
      sum += dy[f * C + p] * n[f * C + p];
      dy[f * C + p] *= g[f];
    }
    float total = 0;
    for (int lane = 0; lane < kLanes; ++lane) total += sum[lane];
    dg[f] += total;
  }
}

// Angles of rotary positions (arXiv 2104.09864): pair j of a head turns by ROTARY_BASE^(-2j / D) a position.
struct Rotation {
  float cosine[D / 2][C], sine[D / 2][C];
  Rotation() {
    for (int j = 0; j < D / 2; ++j)
      for (int p = 0; p < C; ++p) {
        const double angle = p * std::pow(double(ROTARY_BASE), -2.0 * j / D);
        cosine[j][p] = float(std::cos(angle));
        sine[j][p] = float(std::sin(angle));
      }
  }
};
const Rotation rotation;

// Turn features j and j + D / 2 of every head forwards (`way` 1); its gradient is turned backwards (-1).
void turn(Lanes* x, float way) {
  for (int h = 0; h < H; ++h)
    for (int j = 0; j < D / 2; ++j)
      for (int p = 0; p < C; ++p) {
        Lanes &one = x[(h * D + j) * C + p], &other = x[(h * D + j + D / 2) * C + p];
        const float c = rotation.cosine[j][p], s = way * rotation.sine[j][p];
        const Lanes before = one;
        one = before * c - other * s;
        other = other * c + before * s;
      }
}

// 1 / (1 + exp(-x)), from the exponential of -|x|, which cannot overflow.
Lanes sigmoid(Lanes x) {
  const Lanes e = exponential(x > 0.0f ? -x : x);
  return (x > 0.0f ? all(1.0f) : e) / (1.0f + e);
}

// What the gate lets through: silu(gate) up, with silu(x) = x sigmoid(x).
void let_through(const Lanes* hidden, Lanes* inner) {
  for (int n = 0; n < F * C; ++n) inner[n] = hidden[n] * sigmoid(hidden[n]) * hidden[F * C + n];
}

// d silu / dx = sigmoid (1 + x (1 - sigmoid)).
void let_through_backward(const Lanes* dinner, const Lanes* hidden, Lanes* dhidden) {
  for (int n = 0; n < F * C; ++n) {
    const Lanes gate = hidden[n], up = hidden[F * C + n], s = sigmoid(gate);
    dhidden[n] = dinner[n] * up * s * (1.0f + gate * (1.0f - s));
    dhidden[F * C + n] = dinner[n] * gate * s;
  }
}

void forward_layer(const float* m, Layer& a, Tile& t) {
  normalise(t.x, a.attended, a.scale_attended);
  gain(a.attended, m + kAttendGain, t.y);
  forward<W, 3 * W, false>(m + kAttend, t.y, a.qkv);
  turn(a.qkv, 1);
  turn(a.qkv + W * C, 1);
  attend_heads(a.qkv, a.weight, a.mixed);
  forward<W, W, true>(m + kMerge, a.mixed, t.x);
  normalise(t.x, a.expanded, a.scale_expanded);
  gain(a.expanded, m + kExpandGain, t.y);
  forward<W, 2 * F, false>(m + kExpand, t.y, a.hidden);
  let_through(a.hidden, t.inner);
  forward<F, W, true>(m + kContract, t.inner, t.x);
}

void backward_layer(const float* m, float* g, Layer& a, Tile& t) {
  let_through(a.hidden, t.inner);
  gradient_of_matrix<F, W>(t.inner, t.dx, g + kContract);
  backward<F, W, false>(m + kContract, t.dx, t.inner);
  let_through_backward(t.inner, a.hidden, t.wide);
  gain(a.expanded, m + kExpandGain, t.y);
  gradient_of_matrix<W, 2 * F>(t.y, t.wide, g + kExpand);
  backward<W, 2 * F, false>(m + kExpand, t.wide, t.dy);
  gain_backward(t.dy, a.expanded, m + kExpandGain, g + kExpandGain);
  normalise_backward(t.dy, a.expanded, a.scale_expanded, t.dx);

  gradient_of_matrix<W, W>(a.mixed, t.dx, g + kMerge);
  backward<W, W, false>(m + kMerge, t.dx, t.dy);
  attend_heads_backward(a.qkv, a.weight, t.dy, t.wide);
  turn(t.wide, -1);
  turn(t.wide + W * C, -1);
  gain(a.attended, m + kAttendGain, t.y);
  gradient_of_matrix<W, 3 * W>(t.y, t.wide, g + kAttend);
  backward<W, 3 * W, false>(m + kAttend, t.wide, t.dy);
  gain_backward(t.dy, a.attended, m + kAttendGain, g + kAttendGain);
  normalise_backward(t.dy, a.attended, a.scale_attended, t.dx);
}

// From tokens to logits.
void forward_tile(const float* weights, const Sequences& s, Tile& t) {
  embed(weights, s, t.x);
  for (int l = 0; l < L; ++l) forward_layer(weights + kFirstLayer + l * kLayer, t.layer[l], t);
  normalise(t.x, t.normal, t.scale);
  gain(t.normal, weights + kGain, t.y);
  forward<W, V, false>(weights + kHead, t.y, t.logits);
}

double tile_gradient(const float* weights, float* gradient, const Sequences& s, Tile& t) {
  forward_tile(weights, s, t);
  const double nats = cross_entropy(t.logits, s);
  gradient_of_matrix<W, V>(t.y, t.logits, gradient + kHead);
  backward<W, V, false>(weights + kHead, t.logits, t.dy);
  gain_backward(t.dy, t.normal, weights + kGain, gradient + kGain);
  std::memset(t.dx, 0, sizeof t.dx);
  normalise_backward(t.dy, t.normal, t.scale, t.dx);
  for (int l = L - 1; l >= 0; --l)
    backward_layer(weights + kFirstLayer + l * kLayer, gradient + kFirstLayer + l * kLayer, t.layer[l], t);
  embed_backward(t.dx, s, gradient);
  return nats;
}
