"""What training is made of: optimizers, losses and data sets. Every record names its definition and its paper."""

from .choice import Data as Data
from .choice import Loss as Loss
from .choice import Optimizer as Optimizer
from .datasets import DATASETS as DATASETS
from .datasets import DatasetRecord as DatasetRecord
from .optimizers import LOSSES as LOSSES
from .optimizers import OPTIMIZERS as OPTIMIZERS
from .optimizers import LossRecord as LossRecord
from .optimizers import OptimizerRecord as OptimizerRecord
