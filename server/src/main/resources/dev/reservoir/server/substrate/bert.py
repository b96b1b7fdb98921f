# The frozen BERT encoder, run by libtorch. Devlin et al. 2019, arXiv 1810.04805: post-norm blocks, exact GELU.
#
# Letters: N tokens of all sequences, D width, S norm slots, G given rows.
# A batch is packed: [N, D], sequences sorted by length; groups holds a count and a length for each run of equal
# lengths. Every frozen product sees all N rows; attention runs a group at a time. No padding row exists.
#
# mode 0: oneDNN's packed f32 products (processors). A row's result does not depend on how many rows there are while
#         the inner width is at most 512, so the feed-forward part is cut into chunks of at most that, added in order.
# mode 1: torch.linear in the weights' own type. spare is the least number of rows a product is given.
class Program(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  mode : int
  layers : int
  heads : int
  chunks : int
  spare : int
  eps : float
  table : List[Tensor]
  gains : List[Tensor]
  biases : List[Tensor]
  qkv : List[Tensor]
  qkv_bias : List[Tensor]
  out : List[Tensor]
  out_bias : List[Tensor]
  up : List[Tensor]
  up_bias : List[Tensor]
  down : List[Tensor]
  down_bias : List[Tensor]
  qkv_back : List[Tensor]
  out_back : List[Tensor]
  up_back : List[Tensor]
  down_back : List[Tensor]

  def setup(self: __torch__.Program, mode: int, layers: int, heads: int, chunks: int, spare: int, eps: float) -> int:
    self.mode = mode
    self.layers = layers
    self.heads = heads
    self.chunks = chunks
    self.spare = spare
    self.eps = eps
    return 0

  # Word, position and token type embeddings; only token type 0 is used, so it is kept inside the positions. Returns
  # nothing of use.
  def add_embeddings(self: __torch__.Program, word: Tensor, position: Tensor, types: Tensor, gain: Tensor, bias: Tensor) -> int:
    self.table = [torch.clone(word), torch.clone(position), torch.clone(types)]
    self.gains = [torch.clone(gain)]
    self.biases = [torch.clone(bias)]
    return 0

  def pack(self: __torch__.Program, weight: Tensor) -> Tensor:
    held = torch.contiguous(weight)
    if self.mode == 0:
      held = ops.mkldnn._reorder_linear_weight(held, None)
    return held

  # Matrices come as f32 [in, out] and are held as [out, in], in bf16 where low is 1.
  def add_layer(self: __torch__.Program, matrices: List[Tensor], vectors: List[Tensor], low: int) -> int:
    m = matrices
    v = vectors
    if low == 1:
      m = annotate(List[Tensor], [])
      for i in range(6):
        m = m + [torch.to(matrices[i], 15)]
      v = annotate(List[Tensor], [])
      for i in range(6):
        v = v + [torch.to(vectors[i], 15)]
      v = v + torch.slice(vectors, 6)
    qkv = torch.cat([torch.t(m[0]), torch.t(m[1]), torch.t(m[2])])
    self.qkv = self.qkv + [self.pack(qkv)]
    self.qkv_bias = self.qkv_bias + [torch.cat([v[0], v[1], v[2]])]
    self.out = self.out + [self.pack(torch.t(m[3]))]
    self.out_bias = self.out_bias + [torch.clone(v[3])]
    ups = torch.chunk(m[4], self.chunks, 1)
    up_biases = torch.chunk(v[4], self.chunks)
    downs = torch.chunk(m[5], self.chunks)
    for c in range(self.chunks):
      self.up = self.up + [self.pack(torch.t(ups[c]))]
      self.up_bias = self.up_bias + [torch.clone(up_biases[c])]
      self.down = self.down + [self.pack(torch.t(downs[c]))]
    self.down_bias = self.down_bias + [torch.clone(v[5])]
    self.gains = self.gains + [torch.clone(v[6]), torch.clone(v[8])]
    self.biases = self.biases + [torch.clone(v[7]), torch.clone(v[9])]
    return 0

  def dense(self: __torch__.Program, weight: Tensor) -> Tensor:
    held = weight
    if self.mode == 0:
      held = torch.to_dense(weight)
    return torch.contiguous(torch.to(torch.t(held), 6))

  # The tensor at a place of the canonical order, as it is held, in f32: three embeddings, then the gain and bias of
  # each norm, then per layer query, key and value in one [D, 3 D], its bias, attention output, bias, the chunks up,
  # their biases, the chunks down, the last bias. Past the end: an empty tensor.
  def held(self: __torch__.Program, place: int) -> Tensor:
    norms = 1 + 2 * self.layers
    per = 5 + 3 * self.chunks
    result = torch.zeros([0])
    if place < 3:
      result = self.table[place]
    elif place < 3 + 2 * norms:
      at = (place - 3) // 2
      if (place - 3) % 2 == 0:
        result = self.gains[at]
      else:
        result = self.biases[at]
    elif place < 3 + 2 * norms + per * self.layers:
      layer = (place - 3 - 2 * norms) // per
      part = (place - 3 - 2 * norms) % per
      if part == 0:
        result = self.dense(self.qkv[layer])
      elif part == 1:
        result = self.qkv_bias[layer]
      elif part == 2:
        result = self.dense(self.out[layer])
      elif part == 3:
        result = self.out_bias[layer]
      elif part == 4:
        result = self.down_bias[layer]
      elif part < 5 + self.chunks:
        result = self.dense(self.up[layer * self.chunks + part - 5])
      elif part < 5 + 2 * self.chunks:
        result = self.up_bias[layer * self.chunks + part - 5 - self.chunks]
      else:
        result = self.dense(self.down[layer * self.chunks + part - 5 - 2 * self.chunks])
    return torch.contiguous(torch.to(result, 6))

  # x W^T + b, f32 in; out in the weights' type.
  def plain(self: __torch__.Program, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    rows = torch.size(x, 0)
    typed = torch.to(x, weight.dtype)
    if rows < self.spare:
      filled = torch.cat([typed, torch.new_zeros(typed, [self.spare - rows, torch.size(x, 1)])])
      y = torch.slice(torch.linear(filled, weight, bias), 0, 0, rows)
    else:
      y = torch.linear(typed, weight, bias)
    return y

  # The bias of the sum over chunks comes with the first of them.
  def bias_of_chunk(self: __torch__.Program, l: int, c: int) -> Optional[Tensor]:
    result = annotate(Optional[Tensor], None)
    if c == 0:
      result = self.down_bias[l]
    return result

  # Embedded rows before the input norm, [N, D]. tokens [N] picks words; where there are given rows they replace the
  # words at the places [G].
  def embed(self: __torch__.Program, tokens: Tensor, positions: Tensor, given: Tensor, places: Tensor) -> Tensor:
    rows = torch.size(given, 0)
    if rows == torch.size(positions, 0):
      x = given
    else:
      x = torch.index_select(self.table[0], 0, tokens)
      if rows > 0:
        x = torch.index_copy(x, 0, places, given)
    x = x + torch.index_select(self.table[1], 0, positions)
    return x + self.table[2][0]

  # Norm number n with its own gain and bias (rows is empty) or each row with its slot's.
  def norm(self: __torch__.Program, x: Tensor, n: int, gains: Tensor, biases: Tensor, rows: Tensor) -> Tensor:
    width = [torch.size(x, 1)]
    if torch.size(rows, 0) == 0:
      y = torch.layer_norm(x, width, self.gains[n], self.biases[n], self.eps)
    else:
      y = torch.layer_norm(x, width, None, None, self.eps)
      gain = torch.index_select(gains[n], 0, rows)
      y = torch.addcmul(torch.index_select(biases[n], 0, rows), y, gain)
    return y

  # Softmax attention inside each sequence: [N, 3 D] to [N, D].
  def attend(self: __torch__.Program, qkv: Tensor, groups: List[int]) -> Tensor:
    results = annotate(List[Tensor], [])
    width = torch.size(qkv, 1) // 3
    start = 0
    for g in range(len(groups) // 2):
      count = groups[2 * g]
      length = groups[2 * g + 1]
      part = torch.slice(qkv, 0, start, start + count * length)
      start = start + count * length
      split = torch.reshape(part, [count, length, 3, self.heads, width // self.heads])
      split = torch.permute(split, [2, 0, 3, 1, 4])
      mixed = torch.scaled_dot_product_attention(split[0], split[1], split[2])
      results = results + [torch.reshape(torch.transpose(mixed, 1, 2), [count * length, width])]
    if len(results) == 1:
      all = results[0]
    else:
      all = torch.cat(results)
    return all

  def forward(self: __torch__.Program, tokens: Tensor, positions: Tensor, given: Tensor, places: Tensor, groups: List[int], gains: Tensor, biases: Tensor, rows: Tensor) -> Tensor:
    none = annotate(List[Optional[number]], [])
    x = self.norm(self.embed(tokens, positions, given, places), 0, gains, biases, rows)
    for l in range(self.layers):
      if self.mode == 0:
        qkv = ops.mkldnn._linear_pointwise(x, self.qkv[l], self.qkv_bias[l], "none", none, "")
        mixed = self.attend(qkv, groups)
        y = ops.mkldnn._linear_pointwise(mixed, x, self.out[l], self.out_bias[l], "add")
      else:
        mixed = self.attend(self.plain(x, self.qkv[l], self.qkv_bias[l]), groups)
        y = x + torch.to(self.plain(mixed, self.out[l], self.out_bias[l]), 6)
      x = self.norm(y, 2 * l + 1, gains, biases, rows)
      y = x
      for c in range(self.chunks):
        i = l * self.chunks + c
        bias = self.bias_of_chunk(l, c)
        if self.mode == 0:
          h = ops.mkldnn._linear_pointwise(x, self.up[i], self.up_bias[i], "gelu", none, "none")
          y = ops.mkldnn._linear_pointwise(h, y, self.down[i], bias, "add")
        else:
          h = torch.gelu(self.plain(x, self.up[i], self.up_bias[i]))
          y = y + torch.to(self.plain(h, self.down[i], bias), 6)
      x = self.norm(y, 2 * l + 2, gains, biases, rows)
    return x
