import bert

# A head on its substrate: the rows of observations in, their scores out.
#
# Letters: N rows of all observations, concatenated, W values in a row, B observations, D the substrate's width,
# F features, C outputs. parts holds tensors by the names of an exported head; absent parts are missing.
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
    self.parts[name] = torch.clone(part)
    return 0

  # Scores [B, C], or [N, C] of a head with an answer per token, of observations with these lengths: rows [N, W] f32,
  # or token ids [N], special tokens included, of a head that reads text.
  def forward(self, rows: Tensor, lengths: List[int]) -> Tensor:
    scores = self.outputs(self.features(rows, lengths))
    if self.link == "softmax":
      scores = torch.softmax(scores, 1)
    elif self.link == "logistic":
      scores = torch.sigmoid(scores)
    return scores

  # The features that the readout reads, [B or N, F].
  def features(self, rows: Tensor, lengths: List[int]) -> Tensor:
    sides = annotate(List[Tensor], [])
    if self.pooling != "input_only":
      sides = sides + [self.pooled(self.hidden(rows, lengths), lengths)]
    if torch.__contains__(self.parts, "raw.scale"):
      sides = sides + [self.raw(rows, lengths)]
    return torch.cat(sides, 1)

  # Scores before the link function, [B or N, C].
  def outputs(self, features: Tensor) -> Tensor:
    x = features
    if torch.__contains__(self.parts, "standard.shift"):
      limit = self.parts["standard.limit"]
      x = (x - self.parts["standard.shift"]) * self.parts["standard.factor"]
      x = torch.maximum(torch.minimum(x, limit), torch.neg(limit))
    return torch.matmul(x, self.parts["readout.weight"]) + self.parts["readout.bias"]

  # Hidden states of the substrate, [N, D].
  def hidden(self, rows: Tensor, lengths: List[int]) -> Tensor:
    table = self.substrate.table[0]
    if self.reads == "token_ids":
      x = self.substrate.words(rows)
    elif torch.__contains__(self.parts, "input.weight"):
      x = torch.matmul(rows, self.parts["input.weight"])
    else:
      x = self.through(rows, "input", torch.size(table, 1))
    if torch.__contains__(self.parts, "input.bias"):
      x = x + self.parts["input.bias"]
    if torch.__contains__(self.parts, "positions"):
      x = x + torch.index_select(self.parts["positions"], 0, self.substrate.positions_of(lengths, x))
    gains = torch.new_zeros(table, [0])
    biases = gains
    if torch.__contains__(self.parts, "norms.gain"):
      gains = torch.unsqueeze(self.parts["norms.gain"], 1)
      biases = torch.unsqueeze(self.parts["norms.bias"], 1)
    return self.substrate.encode_rows(x, lengths, gains, biases)

  # x [R, in] through a sparse map, [R, width].
  def through(self, x: Tensor, name: str, width: int) -> Tensor:
    places = self.parts[name + ".places"]
    values = self.parts[name + ".values"]
    y = torch.new_zeros(x, [torch.size(x, 0), width])
    for k in range(torch.size(places, 1)):
      y = torch.index_add(y, 1, torch.select(places, 1, k), x * torch.select(values, 1, k))
    return y

  # The rows of each observation concatenated, short ones padded with 0: [N, X] to [B, max_tokens X].
  def side_by_side(self, x: Tensor, lengths: List[int]) -> Tensor:
    wide = self.max_tokens * torch.size(x, 1)
    each = annotate(List[Tensor], [])
    start = 0
    for i in range(len(lengths)):
      own = torch.reshape(torch.slice(x, 0, start, start + lengths[i]), [-1])
      start = start + lengths[i]
      each = each + [torch.cat([own, torch.new_zeros(x, [wide - torch.size(own, 0)])])]
    return torch.stack(each)

  # Pools hidden states [N, D].
  def pooled(self, hidden: Tensor, lengths: List[int]) -> Tensor:
    if self.pooling == "per_token":
      x = hidden
    elif self.pooling == "concatenate":
      x = self.side_by_side(hidden, lengths)
    elif self.pooling == "flatten":
      x = self.through(self.side_by_side(hidden, lengths), "flatten", self.flatten_width)
    else:
      each = annotate(List[Tensor], [])
      start = 0
      for i in range(len(lengths)):
        end = start + lengths[i]
        if self.pooling == "mean":
          own = torch.mean(torch.slice(hidden, 0, start, end), [0])
        elif self.pooling == "last":
          own = hidden[end - 1]
        else:
          own = hidden[start]
        start = end
        each = each + [own]
      x = torch.stack(each)
    if self.scaled:
      wide = torch.to(x, 7)
      squares = torch.sum(wide * wide, [1], True)
      squares = torch.masked_fill(squares, torch.eq(squares, 0), 1)
      x = x * torch.to(torch.sqrt(torch.reciprocal(squares) * torch.size(x, 1)), 6)
    return x

  # The observation itself beside its hidden states.
  def raw(self, rows: Tensor, lengths: List[int]) -> Tensor:
    if self.reads == "token_ids":
      x = self.bags(rows, lengths)
    elif self.pooling == "per_token":
      x = rows
    else:
      x = self.side_by_side(rows, lengths)
    x = x * self.parts["raw.scale"]
    if torch.__contains__(self.parts, "raw.places"):
      x = self.through(x, "raw", self.raw_width)
    return x

  # log(1 + count) of each text's words without special tokens, scaled to length 1: [B, vocabulary].
  def bags(self, tokens: Tensor, lengths: List[int]) -> Tensor:
    table = self.substrate.table[0]
    each = annotate(List[Tensor], [])
    start = 0
    for i in range(len(lengths)):
      words = torch.slice(tokens, 0, start + 1, start + lengths[i] - 1)
      start = start + lengths[i]
      counts = torch.new_zeros(table, [torch.size(table, 0)])
      counts = torch.index_add(counts, 0, words, torch.to(torch.ones_like(words), 6))
      weights = torch.log1p(counts)
      length = torch.sqrt(torch.sum(weights * weights))
      each = each + [weights / torch.masked_fill(length, torch.eq(length, 0), 1)]
    return torch.stack(each)
