// ---- AdamW, and what Python calls ------------------------------------------------------------------------------

// AdamW (Loshchilov & Hutter, arXiv 1711.05101): decay acts on the weight itself, beside the scaled gradient. The
// corrections 1 - beta^t make up for moments that began at zero.
void adamw(float* __restrict w, float* __restrict mean, float* __restrict square, const float* __restrict rate,
           const float* __restrict decay, const float* __restrict epsilon, const float* __restrict g,
           const float* betas, float relative_rate, float correction1, float correction2) {
  const float beta1 = betas[0], beta2 = betas[1];
  for (int64_t n = 0; n < kWeights; ++n) {
    mean[n] += (g[n] - mean[n]) * (1 - beta1);
    square[n] = square[n] * beta2 + (1 - beta2) * g[n] * g[n];
    const float update = mean[n] / correction1 / (__builtin_sqrtf(square[n] / correction2) + epsilon[n]);
    w[n] -= relative_rate * rate[n] * (update + decay[n] * w[n]);
  }
}

// Numbers too small for a full mantissa count as zero within the block: AdamW's moments of weights that are no longer
// touched decay into them, and arithmetic on them is slow. Bit 15 of the control register flushes results to zero,
// bit 6 reads operands as zero.
struct SmallIsZero {
#ifdef __SSE__
  unsigned before = _mm_getcsr();
  SmallIsZero() { _mm_setcsr(before | 0x8040); }
  ~SmallIsZero() { _mm_setcsr(before); }
#endif
};

}  // namespace

extern "C" int64_t weights_per_run() { return kWeights; }

extern "C" int64_t bytes_of_tile() { return sizeof(Tile); }

// Mean loss of a batch (BATCH, CONTEXT + 1) in nats per token, and its gradient (weight,). `room` is for a tile.
extern "C" float loss_and_gradient(const float* weights, float* gradient, const int32_t* batch, Tile* room) {
  std::memset(gradient, 0, sizeof(float) * kWeights);
  double nats = 0;
  Sequences s;
  for (int first = 0; first < B; first += kLanes) {
    read_sequences(batch + int64_t(first) * (C + 1), lanes_filled(B, first), s);
    nats += tile_gradient(weights, gradient, s, *room);
  }
  return float(nats / (B * C));
}

// Advance one run by `steps` steps. `batches` (steps, BATCH, CONTEXT + 1); `rate`, `decay` and `epsilon` (weight,);
// `betas`: AdamW's two; `schedule` (steps, 3): relative rate and the two bias corrections; `losses` (steps,).
extern "C" void train(float* weights, float* mean, float* square, float* gradient, const float* rate, const float* decay,
                      const float* epsilon, const int32_t* batches, const float* betas, const float* schedule,
                      int64_t steps, float* losses, Tile* room) {
  const SmallIsZero here;
  for (int64_t step = 0; step < steps; ++step, schedule += 3) {
    losses[step] = loss_and_gradient(weights, gradient, batches + step * B * (C + 1), room);
    adamw(weights, mean, square, rate, decay, epsilon, gradient, betas, schedule[0], schedule[1], schedule[2]);
  }
}

// Cross-entropy of every target of `tokens` (sequences, CONTEXT + 1) and whether it is the most probable one.
extern "C" void evaluate(const float* weights, const int32_t* tokens, int64_t sequences, float* nats, uint8_t* right,
                         Tile* room) {
  Sequences s;
  for (int64_t first = 0; first < sequences; first += kLanes) {
    const int filled = lanes_filled(sequences, first);
    read_sequences(tokens + first * (C + 1), filled, s);
    forward_tile(weights, s, *room);
    judge(room->logits, s, filled, nats + first * C, right + first * C);
  }
}
