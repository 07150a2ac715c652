"""Everything that decides which verifier comes out of a release."""

from pydantic import BaseModel, ConfigDict, Field


class VerifierConfig(BaseModel):
    """Settings of one training; two equal ones on the same rows give the same weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backbone: str = Field(
        "sentence-transformers/all-MiniLM-L6-v2",
        description="Model id or directory of the encoder or language model to fine-tune",
    )
    max_tokens: int = Field(512, ge=16, description="Longest input in tokens; a longer one abstains when it is scored")
    train_tokens: int = Field(128, ge=16, description="Tokens of a row that training reads; a longer one is cut")
    frozen_layers: int = Field(2, ge=0, description="Lowest layers, embeddings included, that keep their weights")
    epochs: int = Field(2, ge=1, description="Passes over the train split")
    learning_rate: float = Field(
        3e-4, gt=0, description="Peak learning rate of AdamW for pretrained layers; the fresh heads get ten times that"
    )
    warmup: float = Field(0.06, ge=0, lt=1, description="Share of the steps over which the learning rate rises")
    weight_decay: float = Field(0.01, ge=0, description="AdamW's decay of weights")
    batch_tokens: int = Field(1024, ge=16, description="Tokens in a batch, padding included")
    category_weight: float = Field(0.2, ge=0, description="Weight of the category loss beside the label loss")
    save_every: int = Field(100, ge=1, description="Steps between two resumable states")
    seed: int = Field(0, ge=0, description="Seed of the new heads, the order of rows and dropout")
