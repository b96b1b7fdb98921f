import bert

# A head on its substrate: the rows of observations in, their scores out.
#
# Letters: N rows of all observations, concatenated, W values in a row, B observations, D the substrate's width, L the
# largest number of rows of an observation, F features, C outputs, V vocabulary, nnz nonzero values of a column of a
# sparse map. parts has the tensors of an exported head by name; parts that a head lacks are missing.
# Types by their numbers: 6 is f32, 7 is f64.
class Head(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  substrate : bert.Bert
  reads : str
  pooling : str
  link : str
  scaled : bool
  max_tokens : int
  flatten_width : int
  raw_width : int
  labels : List[str]
  parts : Dict[str, Tensor]

  def setup(self, mode: int, nh: int, eps: float) -> int:
    return self.substrate.setup(mode, nh, eps)

  def add_embeddings(self, word: Tensor, position: Tensor, types: Tensor, gain: Tensor, bias: Tensor) -> int:
    return self.substrate.add_embeddings(word, position, types, gain, bias)

  def add_layer(self, matrices: List[Tensor], vectors: List[Tensor], bf16: bool) -> int:
    return self.substrate.add_layer(matrices, vectors, bf16)

  def prepare_gradients(self) -> int:
    return self.substrate.prepare_gradients()

  def choose(self, reads: str, pooling: str, scaled: bool, link: str, max_tokens: int, flatten_width: int,
             raw_width: int) -> int:
    self.reads = reads
    self.pooling = pooling
    self.scaled = scaled
    self.link = link
    self.max_tokens = max_tokens
    self.flatten_width = flatten_width
    self.raw_width = raw_width
    return 0

  def name_outputs(self, labels: List[str]) -> int:
    self.labels = labels
    return 0

  def add_part(self, name: str, part: Tensor) -> int:
    self.parts[name] = part.clone()
    return 0

  # Scores [B, C], or [N, C] of a head with an answer per token, of observations of these lengths: rows [N, W] f32, or
  # token ids [N], special tokens included, of a head that reads text.
  def forward(self, rows: Tensor, lengths: List[int]) -> Tensor:
    logits = self.outputs(self.features(rows, lengths))  # [B or N, C]
    if self.link == "softmax":
      return logits.softmax(1)
    if self.link == "logistic":
      return logits.sigmoid()
    return logits

  # The features that the readout reads, [B or N, F].
  def features(self, rows: Tensor, lengths: List[int]) -> Tensor:
    sides = annotate(List[Tensor], [])
    if self.pooling != "input_only":
      sides.append(self.pooled(self.hidden(rows, lengths), lengths))
    if "raw.scale" in self.parts:
      sides.append(self.raw(rows, lengths))
    return torch.cat(sides, 1)

  # Scores before the link function, of standardised features if the head standardises them.
  def outputs(self, features: Tensor) -> Tensor:  # [B or N, F] to [B or N, C]
    x = features
    if "standard.shift" in self.parts:
      limit = self.parts["standard.limit"]  # [F]
      x = (x - self.parts["standard.shift"]) * self.parts["standard.factor"]
      x = x.minimum(limit).maximum(limit.neg())
    return torch.matmul(x, self.parts["readout.weight"]) + self.parts["readout.bias"]

  # Hidden states of the substrate, with the head's norms if it has its own.
  def hidden(self, rows: Tensor, lengths: List[int]) -> Tensor:  # [N, W] or [N] to [N, D]
    x = self.embedded(rows, lengths)
    gains = x.new_zeros([0])
    biases = gains
    if "norms.gain" in self.parts:
      gains = self.parts["norms.gain"].unsqueeze(1)  # [norms, 1, D]
      biases = self.parts["norms.bias"].unsqueeze(1)
    return self.substrate.encode_rows(x, lengths, gains, biases)

  # Rows in the substrate's width: word embeddings, or the input projection; then what the head adds to them.
  def embedded(self, rows: Tensor, lengths: List[int]) -> Tensor:  # [N, W] or [N] to [N, D]
    if self.reads == "token_ids":
      x = self.substrate.words(rows)
    elif "input.weight" in self.parts:
      x = torch.matmul(rows, self.parts["input.weight"])  # [N, W] [W, D]
    else:
      x = self.project(rows, "input", self.substrate.table[0].size(1))
    if "input.bias" in self.parts:
      x = x + self.parts["input.bias"]
    if "positions" in self.parts:
      x = x + self.parts["positions"].index_select(0, self.substrate.positions_of(lengths, x))
    return x

  # The sparse map of this name: input i is added to output places[i, k], times values[i, k].
  def project(self, x: Tensor, name: str, width: int) -> Tensor:  # [R, in] to [R, width]
    places = self.parts[name + ".places"]  # [in, nnz]
    values = self.parts[name + ".values"]  # [in, nnz]
    y = x.new_zeros([x.size(0), width])
    for k in range(places.size(1)):
      y = y.index_add(1, places.select(1, k), x * values.select(1, k))
    return y

  # The rows of each observation concatenated, short ones padded with 0.
  def concatenate(self, x: Tensor, lengths: List[int]) -> Tensor:  # [N, X] to [B, L X]
    width = self.max_tokens * x.size(1)
    out = annotate(List[Tensor], [])
    start = 0
    for length in lengths:
      own = x[start:start + length].reshape([-1])  # [T X]
      out.append(torch.cat([own, x.new_zeros([width - own.size(0)])]))
      start = start + length
    return torch.stack(out)

  # Pools hidden states.
  def pooled(self, hidden: Tensor, lengths: List[int]) -> Tensor:  # [N, D] to [B or N, F]
    if self.pooling == "per_token":
      x = hidden
    elif self.pooling == "concatenate":
      x = self.concatenate(hidden, lengths)
    elif self.pooling == "flatten":
      x = self.project(self.concatenate(hidden, lengths), "flatten", self.flatten_width)
    else:
      x = self.pool_rows(hidden, lengths)
    if self.scaled:
      x = self.scale_to_root_of_width(x)
    return x

  # The mean, the last or the first of each observation's rows.
  def pool_rows(self, hidden: Tensor, lengths: List[int]) -> Tensor:  # [N, D] to [B, D]
    out = annotate(List[Tensor], [])
    start = 0
    for length in lengths:
      own = hidden[start:start + length]  # [T, D]
      if self.pooling == "mean":
        out.append(own.mean([0]))
      elif self.pooling == "last":
        out.append(own[length - 1])
      else:
        out.append(own[0])
      start = start + length
    return torch.stack(out)

  # Each row scaled to the length sqrt(F); a row of zeros stays as it is.
  def scale_to_root_of_width(self, x: Tensor) -> Tensor:  # [R, F]
    x64 = x.to(7)
    squares = (x64 * x64).sum([1], True)  # [R, 1]
    squares = squares.masked_fill(squares == 0, 1)
    return x * (squares.reciprocal() * x.size(1)).sqrt().to(6)

  # The observation itself, which is read beside its hidden states.
  def raw(self, rows: Tensor, lengths: List[int]) -> Tensor:  # [N, W] or [N] to [B or N, raw features]
    if self.reads == "token_ids":
      x = self.bags(rows, lengths)
    elif self.pooling == "per_token":
      x = rows
    else:
      x = self.concatenate(rows, lengths)
    x = x * self.parts["raw.scale"]
    if "raw.places" in self.parts:
      x = self.project(x, "raw", self.raw_width)
    return x

  # A bag of words per text: log(1 + count) of its tokens without [CLS] and [SEP], scaled to length 1.
  def bags(self, tokens: Tensor, lengths: List[int]) -> Tensor:  # [N] to [B, V]
    table = self.substrate.table[0]  # [V, D]
    out = annotate(List[Tensor], [])
    start = 0
    for length in lengths:
      words = tokens[start + 1:start + length - 1]  # [T - 2]
      counts = table.new_zeros([table.size(0)]).index_add(0, words, torch.ones_like(words).to(6))  # [V]
      weights = counts.log1p()
      norm = (weights * weights).sum().sqrt()
      out.append(weights / norm.masked_fill(norm == 0, 1))
      start = start + length
    return torch.stack(out)
