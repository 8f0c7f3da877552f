// The plain architecture: learned positions, norms without gains, squared ReLU of four widths.

// Where each matrix of a run stands in its row of weights, in the order of `Decoder.shapes`.
constexpr int64_t kToken = 0, kPosition = kToken + int64_t(V) * W, kFirstLayer = kPosition + int64_t(C) * W;
constexpr int64_t kMerge = int64_t(W) * 3 * W, kExpand = kMerge + int64_t(W) * W, kContract = kExpand + int64_t(W) * 4 * W;
constexpr int64_t kLayer = kContract + int64_t(4 * W) * W;
constexpr int64_t kHead = kFirstLayer + L * kLayer, kWeights = kHead + int64_t(W) * V;

struct Layer {  // what the backward pass needs
  Lanes attended[W * C], qkv[3 * W * C], weight[H * kPairs], mixed[W * C], expanded[W * C], hidden[4 * W * C];
  Lanes scale_attended[C], scale_expanded[C];
};

struct Tile {
  Lanes x[W * C], dx[W * C], y[W * C], dy[W * C], scale[C];
  Lanes wide[4 * W * C], logits[V * C];
  Layer layer[L];
};

void embed(const float* weights, const Sequences& s, Lanes* x) {
  for (int p = 0; p < C; ++p)
    for (int f = 0; f < W; ++f) {
      Lanes row;
      for (int lane = 0; lane < kLanes; ++lane) row[lane] = weights[kToken + int64_t(s.token[p][lane]) * W + f];
      x[f * C + p] = row + weights[kPosition + p * W + f];
    }
}

void embed_backward(const Lanes* dx, const Sequences& s, float* gradient) {
  for (int p = 0; p < C; ++p)
    for (int f = 0; f < W; ++f) {
      const Lanes row = dx[f * C + p];
      float sum = 0;
      for (int lane = 0; lane < kLanes; ++lane) {
        gradient[kToken + int64_t(s.token[p][lane]) * W + f] += row[lane];
        sum += row[lane];
      }
      gradient[kPosition + p * W + f] += sum;
    }
}

void forward_layer(const float* m, Layer& a, Tile& t) {
  normalise(t.x, a.attended, a.scale_attended);
  forward<W, 3 * W, false>(m, a.attended, a.qkv);
  attend_heads(a.qkv, a.weight, a.mixed);
  forward<W, W, true>(m + kMerge, a.mixed, t.x);
  normalise(t.x, a.expanded, a.scale_expanded);
  forward<W, 4 * W, false>(m + kExpand, a.expanded, a.hidden);
  for (int n = 0; n < 4 * W * C; ++n) {
    a.hidden[n] = larger(a.hidden[n], Lanes{});
    t.wide[n] = a.hidden[n] * a.hidden[n];
  }
  forward<4 * W, W, true>(m + kContract, t.wide, t.x);
}

void backward_layer(const float* m, float* g, Layer& a, Tile& t) {
  for (int n = 0; n < 4 * W * C; ++n) t.wide[n] = a.hidden[n] * a.hidden[n];
  gradient_of_matrix<4 * W, W>(t.wide, t.dx, g + kContract);
  backward<4 * W, W, false>(m + kContract, t.dx, t.wide);
  for (int n = 0; n < 4 * W * C; ++n) t.wide[n] *= 2.0f * a.hidden[n];
  gradient_of_matrix<W, 4 * W>(a.expanded, t.wide, g + kExpand);
  backward<W, 4 * W, false>(m + kExpand, t.wide, t.dy);
  normalise_backward(t.dy, a.expanded, a.scale_expanded, t.dx);

  gradient_of_matrix<W, W>(a.mixed, t.dx, g + kMerge);
  backward<W, W, false>(m + kMerge, t.dx, t.dy);
  attend_heads_backward(a.qkv, a.weight, t.dy, t.wide);
  gradient_of_matrix<W, 3 * W>(a.attended, t.wide, g);
  backward<W, 3 * W, false>(m, t.wide, t.dy);
  normalise_backward(t.dy, a.attended, a.scale_attended, t.dx);
}

// From tokens to logits.
void forward_tile(const float* weights, const Sequences& s, Tile& t) {
  embed(weights, s, t.x);
  for (int l = 0; l < L; ++l) forward_layer(weights + kFirstLayer + l * kLayer, t.layer[l], t);
  normalise(t.x, t.y, t.scale);
  forward<W, V, false>(weights + kHead, t.y, t.logits);
}

double tile_gradient(const float* weights, float* gradient, const Sequences& s, Tile& t) {
  forward_tile(weights, s, t);
  const double nats = cross_entropy(t.logits, s);
  gradient_of_matrix<W, V>(t.y, t.logits, gradient + kHead);
  backward<W, V, false>(weights + kHead, t.logits, t.dy);
  std::memset(t.dx, 0, sizeof t.dx);
  normalise_backward(t.dy, t.y, t.scale, t.dx);
  for (int l = L - 1; l >= 0; --l)
    backward_layer(weights + kFirstLayer + l * kLayer, gradient + kFirstLayer + l * kLayer, t.layer[l], t);
  embed_backward(t.dx, s, gradient);
  return nats;
}
