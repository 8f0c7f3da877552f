// The training step of `Decoder` on a CPU core, forward, backward and AdamW, for one run after the other.
//
// It reads as the program of one sequence: a `Lanes` is one number of several sequences at once, as many as a register
// of the processor holds, so that every operation, the softmax and the causal attention among them, is a full vector
// operation whatever the width of the model, and a tile of so many sequences stays in the cache of its core from the
// embedding to the last gradient.
// Activations are stored feature by feature, x[feature][position]. The shape is fixed at compile time (-D).
// This part is common to all architectures; one of them follows, then `training.cpp`, in one text.
// `token_loss` of `forward.py` says what is computed; a test holds the two together.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <utility>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

namespace {

// A vector wider than the registers is taken apart number by number, thirty times slower; blocks that hold more vectors
// than there are registers go to memory and back.
#ifdef LANES
constexpr int kLanes = LANES;
#elif defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif
// `block` keeps 4 x kPositions sums, a column of kPositions and a weight in registers: 24 + 6 + 1 = 31 of AVX-512's 32,
// 12 + 3 + 1 = 16 of the 16 before it.
constexpr int kPositions = kLanes == 16 ? 6 : 3;
typedef float Lanes __attribute__((vector_size(4 * kLanes)));
typedef int32_t Integers __attribute__((vector_size(4 * kLanes)));

constexpr int W = WIDTH, L = LAYERS, H = HEADS, V = VOCABULARY, C = CONTEXT, B = BATCH;
constexpr int D = W / H;                           // width of a head
constexpr int kPairs = C * (C + 1) / 2;            // of a query and a key not after it
constexpr float kNormEpsilon = 1.1920929e-7f;      // torch.finfo(float32).eps, as rms_norm takes it

Lanes all(float value) { return Lanes{} + value; }
Lanes larger(Lanes a, Lanes b) { return a > b ? a : b; }

Lanes root(Lanes x) {
  Lanes y;
  for (int lane = 0; lane < kLanes; ++lane) y[lane] = __builtin_sqrtf(x[lane]);
  return y;
}

// exp(x) = 2^n exp(r) with n the nearest whole number to x / ln 2, so that |r| <= ln 2 / 2; NaN stays NaN.
//
// - Below -87, n would fall short of -126, the smallest exponent of a normal number. The softmax asks for x <= 0 alone.
// - 1.5 * 2^23 leaves a float no digits behind the point: adding it rounds x / ln 2, and the lowest bits of the sum are n
//   in two's complement. Shifted by 23 and with the bias 127 added, they are the exponent of 2^n.
// - ln 2 = 0.693359375 - 2.12194440e-4 (Cody & Waite 1980): 355 / 512 has nine digits, so that n times it is exact.
// - Taylor's polynomial of degree 6 leaves r^7 / 5040 <= 1.2e-7; with rounding the relative error is 3e-7.
Lanes exponential(Lanes x) {
  x = x < -87.0f ? all(-87.0f) : x;
  const Lanes shifted = x * 1.44269504f + 12582912.0f;
  const Lanes n = shifted - 12582912.0f;
  const Lanes r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  Lanes p = all(1.0f / 720);
  for (float c : {1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f}) p = p * r + c;
  const Integers power = ((Integers)shifted << 23) + (127 << 23);
  return p * (Lanes)power;
}

// ---- products of a weight matrix with activations -------------------------------------------------------------

// y[o][p] (+)= sum over i of m(i, o) x[i][p] for OB outputs and PB positions, held in registers.
template <int OB, int PB, int IN, int STEP_IN, int STEP_OUT, bool ADD>
inline void block(const float* m, const Lanes* x, Lanes* y) {
  Lanes sum[OB][PB];
  for (int o = 0; o < OB; ++o)
    for (int p = 0; p < PB; ++p) sum[o][p] = ADD ? y[o * C + p] : Lanes{};
  for (int i = 0; i < IN; ++i) {
    Lanes column[PB];
#pragma GCC unroll 8
    for (int p = 0; p < PB; ++p) column[p] = x[i * C + p];
#pragma GCC unroll 8
    for (int o = 0; o < OB; ++o) {
      const Lanes weight = all(m[int64_t(i) * STEP_IN + o * STEP_OUT]);
#pragma GCC unroll 8
      for (int p = 0; p < PB; ++p) sum[o][p] += weight * column[p];
    }
  }
  for (int o = 0; o < OB; ++o)
    for (int p = 0; p < PB; ++p) y[o * C + p] = sum[o][p];
}

template <int PB, int IN, int OUT, int STEP_IN, int STEP_OUT, bool ADD>
inline void outputs(const float* m, const Lanes* x, Lanes* y) {
  int o = 0;
  for (; o + 4 <= OUT; o += 4) block<4, PB, IN, STEP_IN, STEP_OUT, ADD>(m + o * STEP_OUT, x, y + o * C);
  if constexpr (OUT % 4) block<OUT % 4, PB, IN, STEP_IN, STEP_OUT, ADD>(m + o * STEP_OUT, x, y + o * C);
}

// Inputs in panels of 64, so that the positions of a panel (64 x 6 vectors, 24 KiB) stay in the nearest cache.
template <int PB, int IN, int OUT, int STEP_IN, int STEP_OUT, bool ADD>
inline void panels(const float* m, const Lanes* x, Lanes* y) {
  constexpr int kPanel = IN < 64 ? IN : 64, kRest = IN % kPanel;
  outputs<PB, kPanel, OUT, STEP_IN, STEP_OUT, ADD>(m, x, y);
  int i = kPanel;
  for (; i + kPanel <= IN; i += kPanel)
    outputs<PB, kPanel, OUT, STEP_IN, STEP_OUT, true>(m + int64_t(i) * STEP_IN, x + i * C, y);
  if constexpr (kRest) outputs<PB, kRest, OUT, STEP_IN, STEP_OUT, true>(m + int64_t(i) * STEP_IN, x + i * C, y);
}

template <int IN, int OUT, int STEP_IN, int STEP_OUT, bool ADD>
void product(const float* m, const Lanes* x, Lanes* y) {
  constexpr int kBlock = C < kPositions ? C : kPositions;
  int p = 0;
  for (; p + kBlock <= C; p += kBlock) panels<kBlock, IN, OUT, STEP_IN, STEP_OUT, ADD>(m, x + p, y + p);
  if constexpr (C % kBlock) panels<C % kBlock, IN, OUT, STEP_IN, STEP_OUT, ADD>(m, x + p, y + p);
}

// y = x m for a matrix of shape (IN, OUT); dx (+)= dy m'.
template <int IN, int OUT, bool ADD>
void forward(const float* m, const Lanes* x, Lanes* y) { product<IN, OUT, OUT, 1, ADD>(m, x, y); }
template <int IN, int OUT, bool ADD>
void backward(const float* m, const Lanes* dy, Lanes* dx) { product<OUT, IN, 1, OUT, ADD>(m, dy, dx); }

// One level of a tree that sums as many vectors as there are lanes over their lanes: lanes of b join those of a, half as
// many each. The places are constants, since only AVX-512 shuffles by computed ones.
constexpr int folded(int lane, int half) {
  const int place = lane % (kLanes / 2), source = lane < kLanes / 2 ? 0 : kLanes;
  return source + place / half * 2 * half + place % half;
}
template <int HALF, int... LANE>
inline Lanes fold(Lanes a, Lanes b, std::integer_sequence<int, LANE...>) {
  const Integers low = {folded(LANE, HALF)...}, high = {folded(LANE, HALF) + HALF...};
  return __builtin_shuffle(a, b, low) + __builtin_shuffle(a, b, high);
}

template <int HALF>
inline Lanes sums_over_lanes(Lanes* v) {
  if constexpr (HALF == 0) {
    return v[0];
  } else {
    for (int k = 0; k < HALF; ++k) v[k] = fold<HALF>(v[2 * k], v[2 * k + 1], std::make_integer_sequence<int, kLanes>());
    return sums_over_lanes<HALF / 2>(v);
  }
}

// dm[i][o] += sum over positions and lanes of x[i] dy[o], for a block of IB rows and OB columns: four columns and a
// quarter as many rows as there are lanes, so that one tree folds all sums into one register.
template <int IB, int OB>
inline void gradient_block(const Lanes* x, const Lanes* dy, float* dm, int columns_of_m) {
  Lanes sum[kLanes] = {};
  for (int p = 0; p < C; ++p)
#pragma GCC unroll 4
    for (int i = 0; i < IB; ++i) {
      const Lanes row = x[i * C + p];
#pragma GCC unroll 4
      for (int o = 0; o < OB; ++o) sum[i * 4 + o] += row * dy[o * C + p];
    }
  const Lanes sums = sums_over_lanes<kLanes / 2>(sum);
  for (int i = 0; i < IB; ++i)
    for (int o = 0; o < OB; ++o) dm[i * columns_of_m + o] += sums[i * 4 + o];
}

template <int IB, int OUT>
inline void gradient_rows(const Lanes* x, const Lanes* dy, float* dm, int columns_of_m) {
  int o = 0;
  for (; o + 4 <= OUT; o += 4) gradient_block<IB, 4>(x, dy + o * C, dm + o, columns_of_m);
  if constexpr (OUT % 4) gradient_block<IB, OUT % 4>(x, dy + o * C, dm + o, columns_of_m);
}

template <int IN, int OUT>
inline void gradient_panel(const Lanes* x, const Lanes* dy, float* dm, int columns_of_m) {
  constexpr int kRows = kLanes / 4;
  int i = 0;
  for (; i + kRows <= IN; i += kRows) gradient_rows<kRows, OUT>(x + i * C, dy, dm + i * columns_of_m, columns_of_m);
  if constexpr (IN % kRows) gradient_rows<IN % kRows, OUT>(x + i * C, dy, dm + i * columns_of_m, columns_of_m);
}

// Outputs in panels of 16, so that their positions (16 x 24 vectors of the desk ladder, 24 KiB) stay in the nearest cache
// while every input passes by once.
template <int IN, int OUT>
void gradient_of_matrix(const Lanes* x, const Lanes* dy, float* dm) {
  int o = 0;
  for (; o + 16 <= OUT; o += 16) gradient_panel<IN, 16>(x, dy + o * C, dm + o, OUT);
  if constexpr (OUT % 16) gradient_panel<IN, OUT % 16>(x, dy + o * C, dm + o, OUT);
}

// ---- the parts of a block -------------------------------------------------------------------------------------

// A mean square beyond all numbers makes NaN: its scale of zero would hide from the loss that a run has diverged.
void normalise(const Lanes* x, Lanes* y, Lanes* scale) {
  for (int p = 0; p < C; ++p) {
    Lanes square = {};
    for (int f = 0; f < W; ++f) square += x[f * C + p] * x[f * C + p];
    scale[p] = 1.0f / root(square / float(W) + kNormEpsilon) + 0.0f * square;
    for (int f = 0; f < W; ++f) y[f * C + p] = x[f * C + p] * scale[p];
  }
}

// dx += d normalise / dx: with y = x s, dx = s (dy - y mean(dy y)).
void normalise_backward(const Lanes* dy, const Lanes* y, const Lanes* scale, Lanes* dx) {
  for (int p = 0; p < C; ++p) {
    Lanes along = {};
    for (int f = 0; f < W; ++f) along += dy[f * C + p] * y[f * C + p];
    along /= float(W);
    for (int f = 0; f < W; ++f) dx[f * C + p] += scale[p] * (dy[f * C + p] - y[f * C + p] * along);
  }
}

// Causal attention of one head; `weight` keeps the softmax of every pair for the backward pass.
void attend(const Lanes* q, const Lanes* k, const Lanes* v, Lanes* weight, Lanes* out) {
  const float scale = 1.0f / std::sqrt(float(D));
  for (int i = 0; i < C; ++i, weight += i) {
    for (int j = 0; j <= i; ++j) weight[j] = Lanes{};
    for (int f = 0; f < D; ++f) {
      const Lanes query = q[f * C + i] * scale;
      for (int j = 0; j <= i; ++j) weight[j] += query * k[f * C + j];
    }
    Lanes top = weight[0], total = {};
    for (int j = 1; j <= i; ++j) top = larger(weight[j], top);
    for (int j = 0; j <= i; ++j) total += weight[j] = exponential(weight[j] - top);
    const Lanes share = 1.0f / total;
    for (int j = 0; j <= i; ++j) weight[j] *= share;
    for (int f = 0; f < D; ++f) {
      Lanes mixed = {};
      for (int j = 0; j <= i; ++j) mixed += weight[j] * v[f * C + j];
      out[f * C + i] = mixed;
    }
  }
}

// With the scores s = q k / sqrt(D), the softmax P and dP = dout v: ds = P (dP - sum of P dP), dq = ds k, dk = ds q,
// dv = P dout.
void attend_backward(const Lanes* q, const Lanes* k, const Lanes* v, const Lanes* weight, const Lanes* dout, Lanes* dq,
                     Lanes* dk, Lanes* dv) {
  const float scale = 1.0f / std::sqrt(float(D));
  std::memset(dk, 0, sizeof(Lanes) * D * C);
  std::memset(dv, 0, sizeof(Lanes) * D * C);
  Lanes d[C];
  for (int i = 0; i < C; ++i, weight += i) {
    for (int j = 0; j <= i; ++j) d[j] = Lanes{};
    for (int f = 0; f < D; ++f) {
      const Lanes g = dout[f * C + i];
      for (int j = 0; j <= i; ++j) {
        d[j] += g * v[f * C + j];
        dv[f * C + j] += weight[j] * g;
      }
    }
    Lanes mean = {};
    for (int j = 0; j <= i; ++j) mean += weight[j] * d[j];
    for (int j = 0; j <= i; ++j) d[j] = weight[j] * (d[j] - mean) * scale;
    for (int f = 0; f < D; ++f) {
      const Lanes query = q[f * C + i];
      Lanes sum = {};
      for (int j = 0; j <= i; ++j) {
        sum += d[j] * k[f * C + j];
        dk[f * C + j] += d[j] * query;
      }
      dq[f * C + i] = sum;
    }
  }
}

// All heads of a layer: queries, keys and values stand one after the other in `qkv`, (3 W, C).
void attend_heads(const Lanes* qkv, Lanes* weight, Lanes* out) {
  for (int h = 0; h < H; ++h) {
    const int at = h * D * C;
    attend(qkv + at, qkv + W * C + at, qkv + 2 * W * C + at, weight + h * kPairs, out + at);
  }
}

void attend_heads_backward(const Lanes* qkv, const Lanes* weight, const Lanes* dout, Lanes* dqkv) {
  for (int h = 0; h < H; ++h) {
    const int at = h * D * C;
    attend_backward(qkv + at, qkv + W * C + at, qkv + 2 * W * C + at, weight + h * kPairs, dout + at, dqkv + at,
                    dqkv + W * C + at, dqkv + 2 * W * C + at);
  }
}

// ---- sequences and their loss ------------------------------------------------------------------------------------

struct Sequences {  // tokens by position and lane; a lane without a sequence counts nothing
  int32_t token[C][kLanes], target[C][kLanes];
  Lanes counts;
};

// Cross-entropy summed over the tile; the logits become their gradient, (softmax - 1 at the target) / (B C): the loss is
// a mean over the batch, and `counts` is 1 / (B C).
double cross_entropy(Lanes* logits, const Sequences& s) {
  double nats = 0;
  for (int p = 0; p < C; ++p) {
    Lanes top = logits[p], total = {}, right;
    for (int v = 1; v < V; ++v) top = larger(logits[v * C + p], top);
    for (int lane = 0; lane < kLanes; ++lane) right[lane] = logits[s.target[p][lane] * C + p][lane];
    for (int v = 0; v < V; ++v) total += logits[v * C + p] = exponential(logits[v * C + p] - top);
    const Lanes share = s.counts / total;
    for (int v = 0; v < V; ++v) logits[v * C + p] *= share;
    for (int lane = 0; lane < kLanes; ++lane) {
      if (s.counts[lane] == 0) continue;
      logits[s.target[p][lane] * C + p][lane] -= s.counts[lane];
      nats += double(std::log(total[lane])) + double(top[lane]) - double(right[lane]);
    }
  }
  return nats;
}

// Cross-entropy of every target and whether it is the most probable token, both (sequence, CONTEXT).
void judge(const Lanes* logits, const Sequences& s, int filled, float* nats, uint8_t* right) {
  for (int p = 0; p < C; ++p) {
    Lanes top = logits[p], total = {};
    Integers best = {};
    for (int v = 1; v < V; ++v) {
      best = logits[v * C + p] > top ? Integers{} + v : best;
      top = larger(logits[v * C + p], top);
    }
    for (int v = 0; v < V; ++v) total += exponential(logits[v * C + p] - top);
    for (int lane = 0; lane < filled; ++lane) {
      const int target = s.target[p][lane];
      nats[lane * C + p] = std::log(total[lane]) + top[lane] - logits[target * C + p][lane];
      right[lane * C + p] = best[lane] == target;
    }
  }
}

// `filled` sequences (filled, CONTEXT + 1), each token's target being the one after it; other lanes count nothing.
void read_sequences(const int32_t* tokens, int filled, Sequences& s) {
  for (int lane = 0; lane < kLanes; ++lane) {
    const int32_t* token = tokens + int64_t(lane < filled ? lane : 0) * (C + 1);
    s.counts[lane] = lane < filled ? 1.0f / (B * C) : 0.0f;
    for (int p = 0; p < C; ++p) {
      s.token[p][lane] = token[p];
      s.target[p][lane] = token[p + 1];
    }
  }
}

int lanes_filled(int64_t sequences, int64_t first) {
  return int(sequences - first < kLanes ? sequences - first : kLanes);
}
